// What the processes of a run have recorded of sessions: how each began, from which it was moved, and what was done to it.

import { answersOf } from './answers.mjs'

/** All sessions, of which one that has moved to a new id is two, and all calls on them. */
export function sessionsOf(run) {
  const calls = answersOf(run, 'session')
  const byName = new Map()
  for (const call of calls) {
    const name = nameOfNew(call)
    if (name) byName.set(name, new Session(run, name, call, byName.get(call.key)))
  }
  for (const call of calls) {
    if (call.op !== 'create') byName.get(call.key)?.calls.push(call)
  }
  const revocations = calls.filter(({ op, error, refusal }) => op === 'destroyAll' && !error && !refusal)
  for (const session of byName.values()) {
    session.revocations = revocations.filter(({ user }) => user === session.user)
  }
  return [...byName.values()]
}

/** What a call has named the session that it has made. */
function nameOfNew({ op, key, token, answer }) {
  if (!answer) return undefined
  return { create: key, rotate: token }[op]
}

/** A session under one id. */
class Session {
  calls = []
  revocations = []

  /** `birth` is the call that made it, and `parent` the session that was moved to it. */
  constructor(run, name, birth, parent) {
    Object.assign(this, { run, name, birth, parent, id: birth.answer, user: birth.user })
    this.root = parent?.root ?? this
    if (parent) parent.root.family.push(this)
    else this.family = [this]
  }

  /** What Redis has told about it. */
  get reads() {
    return this.#of('get').filter(({ isFromRedis }) => isFromRedis)
  }

  get updates() {
    return this.#of('update')
  }

  get moves() {
    return this.#of('rotate')
  }

  get destructions() {
    return this.#of('destroy')
  }

  /** This session and those which were moved to it, the latest first. */
  get lineage() {
    return [this, ...(this.parent?.lineage ?? [])]
  }

  /** Everything that concerns it. */
  get history() {
    const calls = [...this.lineage.flatMap((one) => [one.birth, ...one.calls]), ...this.revocations]
    return [...new Set(calls)].sort((a, b) => a.start - b.start)
  }

  /** Whether a revocation has spared it, or one that it was moved from or to. */
  isSparedBy({ except }) {
    return except !== undefined && this.root.family.some(({ name }) => name === except)
  }

  #of(kind) {
    return this.calls.filter(({ op }) => op === kind)
  }
}
