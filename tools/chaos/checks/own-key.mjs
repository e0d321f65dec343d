// What a key may hold that one process alone writes, by the calls made on it so far. Usually that is one thing; it is
// more around an expiry and once Redis has lost its data.

import { EXPIRY_TOLERANCE_MS } from '../circumstances.mjs'
import { formToken } from '../keys.mjs'

const absent = { token: null, from: 0, to: 0 }

const mayLive = ({ token, to }, { start }) => token !== null && start < to + EXPIRY_TOLERANCE_MS
const mayBeGone = ({ token, from }, { end }) => token === null || end > from - EXPIRY_TOLERANCE_MS
const isProcessing = ({ token }) => token?.endsWith('/processing')

/** Whether what the key may hold explains a call's answer. */
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

export class OwnKey {
  #held = [absent]

  /**
   * Takes a call into account; `false` if its answer is not explained. `overtaking` are later calls that were under way
   * at the same time and may have been executed before.
   */
  take(call, overtaking) {
    const isExplained =
      call.error !== undefined ||
      this.explains(call) ||
      overtaking.some((later) => this.#after(later).some((held) => explains[call.op](held, call)))
    const effect = call.error === undefined ? this.#after(call) : [...this.#held, ...this.#after(call)]
    this.#held = distinct(effect)
    return isExplained
  }

  explains(call) {
    return this.#held.some((held) => explains[call.op](held, call))
  }

  /** Redis has lost its data: what it held may be gone, or be kept by its writer and come back. */
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

  /** What a change of an entry that has to be there leaves behind. Where that is not sure, it may have failed. */
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

/** What a call leaves, and between which moments it expires. */
function entry({ token, ttl, until, start, end }) {
  if (until !== undefined) return { token, from: until, to: until }
  const milliseconds = (ttl ?? Number.POSITIVE_INFINITY) * 1_000
  return { token, from: start + milliseconds, to: end + milliseconds }
}

function distinct(held) {
  const byText = held.map((one) => [`${one.token} ${one.from} ${one.to}`, one])
  return [...new Map(byText).values()]
}
