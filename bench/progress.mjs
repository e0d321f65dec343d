// One line that says what is being measured. Where it cannot be overwritten, a new one now and then.

const PAUSE_MS = 5000
const started = Date.now()
let told = 0

export function progress(text) {
  const seconds = Math.round((Date.now() - started) / 1000)
  const line = `${seconds} s: ${text}`
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[K${line}`)
  } else if (Date.now() - told >= PAUSE_MS) {
    told = Date.now()
    process.stderr.write(`${line}\n`)
  }
}

export function endProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}
