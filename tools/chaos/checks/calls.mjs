// Every call settles in time, and none rejects.

import { violation } from './violation.mjs'

const SCHEDULING_MS = 100

export const title = 'calls settle in time'

export function check(run) {
  const calls = run.clients.flatMap((client) => client.calls)
  const timed = calls.map((call) => ({ call, milliseconds: run.circumstances.milliseconds(call) }))
  const degraded = timed.filter(({ call }) => !call.before && !call.after)
  run.figures.calls = calls.length
  run.figures.degradedCalls = degraded.length
  run.figures.longestCall = timed.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0)
  run.figures.degradedP99 = percentile(
    degraded.map(({ milliseconds }) => milliseconds),
    0.99,
  )
  const limit = run.timeoutMs + SCHEDULING_MS
  const late = timed.filter(({ milliseconds }) => milliseconds > limit)
  const rejected = calls.filter(({ error }) => error !== undefined)
  return [
    ...late.map(({ call, milliseconds }) =>
      violation({ title, call, expected: `at most ${limit} ms, took ${milliseconds.toFixed(0)} ms` }),
    ),
    ...rejected.map((call) => violation({ title: 'no call rejects', call, expected: 'an answer' })),
  ]
}

function percentile(numbers, part) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * part) - 1] ?? 0
}
