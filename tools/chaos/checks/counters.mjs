// No counter is above what was asked for, and none is below what was added without ambiguity.

import { byKey } from './by-key.mjs'
import { violation } from './violation.mjs'

export const title = 'counters count what was asked for'

export async function check(run) {
  const calls = run.clients.flatMap((client) => client.calls.filter(({ area }) => area === 'counter'))
  const counters = [...byKey(calls)]
  const { texts } = await run.readAll(counters.map(([key]) => key))
  const lastLoss = Math.max(0, ...run.losses.map(({ to }) => to))
  run.figures.counters = counters.length
  Object.assign(run.figures, { exactCounters: 0, countsLost: 0, asked: 0, certain: 0 })
  return counters.flatMap(([key, ofKey], index) => {
    const most = sum(ofKey)
    const least = sum(ofKey.filter((call) => call.start > lastLoss && !run.circumstances.isAmbiguous(call)))
    run.figures.asked += most
    run.figures.certain += least
    if (least === most) run.figures.exactCounters += 1
    const count = Number(texts[index] ?? 0)
    const tooMuch = firstTooHigh(ofKey)
    if (tooMuch) return [violation({ title, ...tooMuch, calls: ofKey })]
    if (count >= least && count <= most) return []
    if (count < least) run.figures.countsLost += least - count
    const call = { op: 'read', key, answer: count, start: run.finishedAt, end: run.finishedAt }
    return [violation({ title, call, expected: `${least} to ${most}`, calls: ofKey })]
  })
}

const sum = (calls) => calls.reduce((total, { by }) => total + by, 0)

/** The first answer above everything that had been asked for by then. */
function firstTooHigh(calls) {
  const byStart = calls.toSorted((a, b) => a.start - b.start)
  let asked = 0
  let next = 0
  for (const call of calls.toSorted((a, b) => a.end - b.end)) {
    for (; next < byStart.length && byStart[next].start <= call.end; next += 1) asked += byStart[next].by
    if (call.answer > asked) return { call, expected: `at most ${asked}` }
  }
  return undefined
}
