// What the processes of a run have recorded of one-time data: who has put it there, and who has taken it or guessed its code.

import { answersOf } from './answers.mjs'

export function entriesOf(run) {
  const calls = answersOf(run, 'oneTime')
  const byName = new Map()
  for (const call of calls) {
    if (call.op === 'put' && call.answer) byName.set(call.key, new Entry(run, call))
  }
  for (const call of calls) {
    if (call.op !== 'put') byName.get(call.key)?.calls.push(call)
  }
  return [...byName.values()]
}

class Entry {
  calls = []

  constructor(run, birth) {
    const { key: name, kind, attempts, ttl, answer: secret } = birth
    Object.assign(this, { run, birth, name, kind, attempts, ttl, secret })
  }

  /** The calls that have got the data for good, in the order of their ends. */
  get takings() {
    return this.calls.filter(hasTaken).sort((a, b) => a.end - b.end)
  }

  get guesses() {
    return this.calls.filter(({ op }) => op === 'verify')
  }

  /** The calls after which it may be gone: nobody knows what one that was rejected has done. */
  get ends() {
    return this.calls.filter((call) => call.refusal || hasTaken(call) || call.answer?.reason === 'locked')
  }

  get history() {
    return [this.birth, ...this.calls]
  }
}

const hasTaken = ({ answer }) => Boolean(answer?.taken)
