// A process always reads its own acknowledged writes, and in the end Redis holds the last of them.

import { redisKey, tokenOfText } from '../keys.mjs'
import { byKey } from './by-key.mjs'
import { OwnKey } from './own-key.mjs'
import { violation } from './violation.mjs'

export const title = "own writes are read, and are Redis's in the end"

export async function check(run) {
  const violations = []
  const left = []
  for (const [key, calls] of callsByKey(run)) {
    const model = new OwnKey()
    const wrong = follow(model, calls, run)
    if (wrong) violations.push(wrong)
    left.push({ key, kind: calls[0].kind, model, calls })
  }
  const lost = await compare(left, run.readAll)
  run.figures.lost = lost.length
  run.figures.ownKeys = left.length
  return [...lost, ...violations]
}

/** A call on several keys counts for each of them. */
function callsByKey({ clients }) {
  const calls = clients.flatMap((client) =>
    client.calls.filter(({ area }) => area === 'own').sort((a, b) => a.number - b.number),
  )
  return byKey(
    calls.flatMap((call) => {
      if (call.op !== 'readMany') return [call]
      return call.keys.map((key, at) => ({ ...call, op: 'read', key, answer: call.answer?.[at] ?? null }))
    }),
  )
}

/** Stops at the first answer that is not explained, because what comes after may only be its consequence. */
function follow(model, calls, { losses, circumstances }) {
  let known = 0
  let wrong
  for (const [at, call] of calls.entries()) {
    for (; known < losses.length && losses[known].from < call.end; known += 1) model.lose()
    const expected = model.expected
    // A request that has been sent again asks when the later calls of its turn have been executed already.
    const overtaking = circumstances.isAmbiguous(call) ? underWay(calls, at) : []
    if (!model.take(call, overtaking)) wrong ??= violation({ title, call, expected, calls })
    // It may have taken effect just before the data was lost.
    if (losses.some(({ from, to }) => from < call.end && call.start < to)) model.lose()
  }
  if (known < losses.length) model.lose()
  return wrong
}

/** The calls that began after the one at `at`, but before it had its answer. */
function underWay(calls, at) {
  const isOver = (later) => later.start > calls[at].end
  const over = calls.findIndex((later, index) => index > at && isOver(later))
  return calls.slice(at + 1, over < 0 ? calls.length : over)
}

async function compare(left, readAll) {
  const { texts, start, end } = await readAll(left.map(({ kind, key }) => redisKey(kind, key)))
  return left.flatMap(({ kind, key, model, calls }, at) => {
    const answer = tokenOfText(kind, texts[at])
    const call = { op: 'read', kind, key, answer, start, end, client: 'Redis itself' }
    if (model.explains(call)) return []
    return [violation({ title: 'Redis holds the last write', call, expected: model.expected, calls })]
  })
}
