// A model of a key that only one process writes. A process must read its own acknowledged writes, and in the end Redis
// must hold the last of them.

import { byKey, violation } from './checks.mjs'
import { EXPIRY_TOLERANCE_MS } from './timeline.mjs'
import { formToken, redisKey, tokenOfText } from './workload.mjs'

const title = 'own writes are read, and in Redis at the end'

export async function checkOwnKeys(run) {
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

/** Returns the first result that the model does not explain; later ones may only follow from it. */
function follow(model, calls, { losses, timeline }) {
  let known = 0
  let wrong
  for (const [at, call] of calls.entries()) {
    for (; known < losses.length && losses[known].from < call.end; known += 1) model.lose()
    const expected = model.expected
    // A retried request may be executed after later calls of its turn.
    const overtaking = timeline.isAmbiguous(call) ? concurrent(calls, at) : []
    if (!model.take(call, overtaking)) wrong ??= violation({ title, call, expected, calls })
    // It may have taken effect just before the data was lost.
    if (losses.some(({ from, to }) => from < call.end && call.start < to)) model.lose()
  }
  if (known < losses.length) model.lose()
  return wrong
}

/** The calls that began after the one at `at`, but before it completed. */
function concurrent(calls, at) {
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

const absent = { token: null, from: 0, to: 0 }

const mayLive = ({ token, to }, { start }) => token !== null && start < to + EXPIRY_TOLERANCE_MS
const mayBeGone = ({ token, from }, { end }) => token === null || end > from - EXPIRY_TOLERANCE_MS
const isProcessing = ({ token }) => token?.endsWith('/processing')

/** Whether a value that the key may hold explains the result of a call. */
const explains = {
  read: (held, call) =>
    call.answer === null ? mayBeGone(held, call) : held.token === call.answer && mayLive(held, call),
  exists: (held, call) => (call.answer ? mayLive : mayBeGone)(held, call),
  isProcessing: (held, call) =>
    call.answer ? mayLive(held, call) && isProcessing(held) : mayBeGone(held, call) || !isProcessing(held),
  create: (held, call) => (call.answer ? mayBeGone : mayLive)(held, call),
  expire: (held, call) => (call.answer ? mayLive : mayBeGone)(held, call),
  write: () => true,
  remove: () => true,
  mark: () => true,
}

class OwnKey {
  #held = [absent]

  /**
   * Applies a call to the model. Returns `false` if its result is not explained. `overtaking` are later calls that were
   * in flight at the same time and may have been executed first.
   */
  take(call, overtaking) {
    const isExplained =
      call.error !== undefined ||
      this.explains(call) ||
      overtaking.some((later) => this.#after(later).some((held) => explains[call.op](held, call)))
    const held = call.error === undefined ? this.#after(call) : [...this.#held, ...this.#after(call)]
    this.#held = distinct(held)
    return isExplained
  }

  explains(call) {
    return this.#held.some((held) => explains[call.op](held, call))
  }

  /** Redis lost its data. The value may be gone, or its writer may write it again. */
  lose() {
    this.#held = distinct([...this.#held, absent])
  }

  get expected() {
    return this.#held.map(({ token }) => token ?? 'nothing').join(' or ')
  }

  #after(call) {
    switch (call.op) {
      case 'write':
        return [entry(call)]
      case 'remove':
        return [absent]
      case 'create':
        return this.#afterCreate(call)
      case 'expire':
        return this.#changed(call, call.answer, ({ token }) => token)
      case 'mark':
        return this.#changed(call, true, ({ token }) => formToken(token.split('/')[0], call.status))
      default:
        return this.#held
    }
  }

  #afterCreate(call) {
    if (call.answer) return [entry(call), ...(this.#isGone(call) ? [] : [absent])]
    return this.#isThere(call) ? this.#held : [...this.#held, entry(call)]
  }

  /** The result of changing an existing entry. If it may not exist, the change may have failed. */
  #changed(call, isDone, token) {
    if (this.#isGone(call)) return this.#held
    const changed = this.#held
      .filter((held) => mayLive(held, call))
      .map((held) => entry({ ...call, token: token(held) }))
    if (this.#isThere(call)) return isDone ? changed : this.#held
    return [...this.#held, ...changed, absent]
  }

  #isThere(call) {
    return this.#held.every((held) => !mayBeGone(held, call))
  }

  #isGone(call) {
    return this.#held.every((held) => !mayLive(held, call))
  }
}

/** The entry that a call leaves, and the earliest and latest time of its expiry. */
function entry({ token, ttl, until, start, end }) {
  if (until !== undefined) return { token, from: until, to: until }
  const milliseconds = (ttl ?? Number.POSITIVE_INFINITY) * 1_000
  return { token, from: start + milliseconds, to: end + milliseconds }
}

function distinct(held) {
  const byText = held.map((one) => [`${one.token} ${one.from} ${one.to}`, one])
  return [...new Map(byText).values()]
}
