// The section of the report about rate limits.

import { count, figure, table, times } from './figures.mjs'
import { FLEXIBLE, IN_A_ROW, RATELIMIT } from './limiters.mjs'
import { rateLimitTargets } from './targets.mjs'

const about = `\`RateLimiter\` beside ${RATELIMIT}, both over HTTP, and ${FLEXIBLE}, on ioredis straight to Redis over TCP. All have their
defaults. HTTP and TCP are not alike: the gateway costs more than Redis itself. ${FLEXIBLE} counts in fixed windows.`

const aboutTimes = `A request of one of 1,000 ids, which is admitted. Figures with an \`x\` are ratios to ${RATELIMIT} with the same algorithm, and with its
sliding window for what it does not have.`

const aboutSent = `Commands that Redis executes, by its own count, with \`EVALSHA\` and what the script calls: for the first request of an id,
for a later one, and for one that is denied and asks Redis. Each is one HTTP request.`

const aboutTogether = (delay) =>
  `Four sliding windows for one request that all admit, with ${delay} ms of delay added to each HTTP request by the gateway.`

const aboutDenied = (calls) =>
  `An id that its process knows to be denied: ${count(calls)} calls, awaited one by one. ${FLEXIBLE} does so with \`inMemoryBlockOnConsumed\`.`

/** `targetTable` is how the report writes targets. */
export function rateLimitSection(results, targetTable) {
  return [
    about,
    '### A request that is admitted',
    aboutTimes,
    timeTable(results.times),
    '### Commands',
    aboutSent,
    sentTable(results.sent),
    '### Four limits together',
    aboutTogether(results.delay),
    togetherTable(results.together),
    '### A request that is certain to be denied',
    aboutDenied(results.deniedCalls),
    deniedTable(results.denied),
    '### Targets of rate limits',
    targetTable(rateLimitTargets(results)),
  ]
}

const FIELDS = { opsPerSecond: 'calls/s', p50: 'p50 us', p99: 'p99 us', active: 'active us', cpu: 'CPU us' }
const NAMES = {
  fixedWindow: 'fixed window',
  slidingWindow: 'sliding window',
  tokenBucket: 'token bucket',
  gcra: 'GCRA',
}

function timeTable(rows) {
  const peer = (inFlight, algorithm) =>
    rows.find((row) => row.name === RATELIMIT && row.inFlight === inFlight && row.algorithm === algorithm)
      ?.figures
  const lines = rows.map(({ inFlight, name, algorithm, figures }) => {
    const other = peer(inFlight, algorithm) ?? peer(inFlight, 'slidingWindow')
    const columns = Object.keys(FIELDS).flatMap((field) => [
      figure(figures[field]),
      times(figures[field] / other[field]),
    ])
    return [`${inFlight} ${name}, ${NAMES[algorithm]}`, ...columns]
  })
  return table(['in flight, limiter', ...Object.values(FIELDS).flatMap((name) => [name, ''])], lines)
}

function sentTable(rows) {
  const lines = rows.map(({ name, algorithm, sent }) => [
    `${name}, ${NAMES[algorithm]}`,
    ...Object.values(sent).map(({ executed }) => figure(executed)),
  ])
  return table(['limiter', 'first', 'later', 'denied'], lines)
}

function togetherTable(rows) {
  const peer = rows.find(({ way }) => way === IN_A_ROW)
  const lines = rows.map(({ way, requests, milliseconds }) => [
    way,
    figure(requests),
    figure(milliseconds),
    times(milliseconds / peer.milliseconds),
  ])
  return table(['way', 'requests', 'ms', ''], lines)
}

function deniedTable(rows) {
  const peer = rows.find(({ name }) => name === RATELIMIT)
  const lines = rows.map(({ name, requests, microseconds }) => [
    name,
    figure(requests),
    figure(microseconds),
    times(microseconds / peer.microseconds),
  ])
  return table(['limiter', 'requests', 'us', ''], lines)
}
