// Random calls on keys that both processes use: claims and counters.

import { FormCache, redisManager } from 'redlatch'

import { entries } from './keys.mjs'

const CLAIMED_KEYS = 12
const COUNTERS = 3

export class SharedCalls {
  #count = 0
  #held = []

  constructor(recorder, random, name) {
    Object.assign(this, { recorder, random, name })
  }

  /** `step` is a part of the counters' names, so that what one fault did to them is not hidden by the next. */
  make(step) {
    const choice = this.random.between(1, 10)
    if (choice <= 4) return this.#increment(step)
    if (choice <= 6 && this.#held.length > 0) return this.#letGo()
    return this.#claim()
  }

  #increment(step) {
    const by = this.random.between(1, 3)
    const key = `counter.${step}.${this.random.between(1, COUNTERS)}`
    return this.recorder.call({ area: 'counter', op: 'incr', key, by }, () => redisManager.incr(key, by))
  }

  async #claim() {
    const [kind, claim] = this.random.pick([
      ['form', claimForm],
      ['text', claimText],
    ])
    const key = `claim.${kind}.${this.random.between(1, CLAIMED_KEYS)}`
    this.#count += 1
    const token = `${this.name}.${this.#count}`
    const ttl = this.random.pick([2, 3, 600])
    const about = { area: 'claim', op: 'claim', kind, key, token, ttl }
    const { answer } = await this.recorder.call(about, () => claim(key, token, ttl))
    if (answer) this.#held.push({ kind, key, ttl })
  }

  /** Only who was granted a claim ends it, by taking it away or, a form, by a mark with a short life. */
  #letGo() {
    const [{ kind, key }] = this.#held.splice(this.random.between(0, this.#held.length - 1), 1)
    const about = { area: 'claim', op: 'letGo', kind, key }
    if (kind === 'text') return this.recorder.call(about, () => redisManager.del(key))
    const way = this.random.pick([FormCache.delete, (form) => FormCache.markCompleted(form, 1)])
    return this.recorder.call(about, () => way(key))
  }
}

const claimText = (key, token, ttl) => redisManager.setNx(key, token, ttl)

function claimForm(key, token, ttl) {
  const { status: _, ...form } = entries.form(token, 'processing')
  return FormCache.tryAcquireProcessing(key, form, ttl)
}
