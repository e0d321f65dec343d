// What is known of the calls on sessions and one-time data: whether Redis has answered them, and by when they had taken effect.

import { EXPIRY_TOLERANCE_MS } from './timeline.mjs'

/** A request that has outlived its deadline may be executed for so long after everything else was. */
const LATE_MS = 1_000

const processesOf = ({ former, clients }) => [...former, ...clients]

/** The calls of an area in the order of their starts. */
export function answersOf(run, area) {
  const calls = processesOf(run).flatMap((process) =>
    process.calls.filter((call) => call.area === area).map((call) => withTimes(run, process, call)),
  )
  return calls.sort((a, b) => a.start - b.start)
}

/**
 * `inRedis`: when what was acknowledged was in Redis, perhaps by its replay, if that was not given up.
 * `certain`: from when nothing of it can come any more.
 */
function withTimes({ timeline }, process, call) {
  const { isFromRedis, end } = call
  const inRedis = isFromRedis ? end : timeline.settled(process.number, end)
  return { ...call, process, client: process.name, inRedis, certain: isFromRedis ? end : inRedis + LATE_MS }
}

/** A process that started after the end of the faults must have had an answer of Redis to each name. */
export function answeredAtTheEnd({ name, calls }) {
  if (calls.some(({ process, isFromRedis }) => process.name === 'new' && isFromRedis)) return []
  return [{ title: 'Redis answers a new process', text: `${name} was not answered` }]
}

/** Whether Redis lost its data between two times, or may have. */
export const wasEmptied = ({ losses }, start, end) => losses.some(({ from, to }) => from < end && to > start)

/** Whether an entry that was stored by `call` may have expired at `time`. */
export const mayHaveExpired = ({ start, ttl }, time) => time > start + ttl * 1_000 - EXPIRY_TOLERANCE_MS
