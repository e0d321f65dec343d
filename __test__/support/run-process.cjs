// A process that calls IdempotencyCache.run, for tests of what several processes do. It gets the options of the run and
// the number of a mode by its environment, appends a line to a file for each execution, and prints the result.

const { appendFileSync } = require('node:fs')
const { IdempotencyCache } = require('redlatch')

const { RUN_KEYS, RUN_FILE, RUN_OPTIONS, RUN_WORK_MS, RUN_MODE, RUN_NAME } = process.env
const keys = JSON.parse(RUN_KEYS)
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function work({ key, signal }) {
  appendFileSync(RUN_FILE, `${key}\n`)
  process.send?.('working')
  signal.addEventListener('abort', () => process.send?.(signal.reason.code))
  if (RUN_MODE === 'block') for (const end = Date.now() + Number(RUN_WORK_MS); Date.now() < end; );
  else await pause(Number(RUN_WORK_MS))
  return `${RUN_NAME} ${key}`
}

async function main() {
  const results = []
  for (const key of keys) {
    try {
      results.push(await IdempotencyCache.run(key, work, JSON.parse(RUN_OPTIONS)))
    } catch (error) {
      results.push(error.code ?? error.message)
    }
  }
  process.send?.({ results })
  process.disconnect?.()
}

main()
