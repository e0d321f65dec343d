// A broken promise, with what one has to know to find out why.

const HISTORY = 12

/** `calls` are all on the same key; the last ones until `call` are shown. */
export function violation({ title, call, expected, calls = [] }) {
  const until = calls.filter(({ start }) => start <= call.end)
  const lines = [
    describe(call),
    `  expected ${expected}, got ${call.error ?? call.answer}`,
    ...until.slice(-HISTORY).map((before) => `    ${describe(before)}`),
  ]
  return { title, text: lines.join('\n') }
}

function describe(call) {
  const { client, op, key, token, status, by, ttl, start, end, answer, error, before, after } = call
  const state = before === undefined ? '' : ` [${name(before)} to ${name(after)}]`
  const what = [token, status, by && `by ${by}`, ttl && `for ${ttl} s`].filter(Boolean).join(' ')
  const outcome = error ?? JSON.stringify(answer ?? null)
  return `${at(start)} to ${at(end)} client ${client}${state} ${op} ${key} ${what} -> ${outcome}`
}

const name = (isAvailable) => (isAvailable ? 'available' : 'degraded')

/** Within a run the last digits are enough. */
export const at = (moment) => (moment % 1e6).toFixed(0).padStart(6, '0')
