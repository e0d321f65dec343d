// One instance of the application, for the tests of several: it calls RateLimitCache as its routes do, and prints how many
// attempts it recorded. What it is to do comes by its environment.

const { RateLimitCache } = require('redlatch')

const { ATTEMPTS_KEYS, ATTEMPTS_CALLS, ATTEMPTS_MAX } = process.env
const keys = JSON.parse(ATTEMPTS_KEYS)

/** The routes check some limits in a row, do their work, and record the attempt on each. */
const calls = [
  (key) => RateLimitCache.checkRateLimit(key, Number(ATTEMPTS_MAX)),
  (key) => RateLimitCache.recordAttempt(key),
  (key) => RateLimitCache.getRateLimitStatus(key, Number(ATTEMPTS_MAX)),
]

async function main() {
  const all = Array.from({ length: Number(ATTEMPTS_CALLS) }, (_, number) =>
    calls[number % calls.length](keys[number % keys.length]),
  )
  await Promise.all(all)
  process.disconnect?.()
}

main()
