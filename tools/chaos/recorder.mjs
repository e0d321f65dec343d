// Records every call with what came of it, and sends the records to the parent process a few at a time, so that this
// process keeps nothing and its memory shows what the package keeps.

import { redisManager } from 'redlatch'

import { now } from './clock.mjs'

const BATCH = 200
const SAMPLE_MS = 25
/** A timer that comes so much late means that the event loop stood still. */
const STALL_MS = 10

const isAvailable = () => redisManager.getCacheStats().isRedisAvailable

export class Recorder {
  #records = []
  #number = 0
  #timer

  /** Makes a call, whose `token` tells what to keep of its result. Never rejects. */
  async call(about, make, token = (result) => result) {
    const record = { type: 'call', ...about, number: this.#number, before: isAvailable(), start: now() }
    this.#number += 1
    try {
      const result = await make()
      record.answer = result === null || result === undefined ? null : token(result)
    } catch (error) {
      record.error = `${error.code} ${error.message}`
    }
    record.end = now()
    record.after = isAvailable()
    this.#keep(record)
    return record
  }

  /** Notes the state now and then, and when the event loop stood still, which is no fault of a call's. */
  watch() {
    let last = now()
    this.#timer = setInterval(() => {
      const at = now()
      if (at - last > SAMPLE_MS + STALL_MS) this.#keep({ type: 'stall', from: last + SAMPLE_MS, to: at })
      last = at
      const { pendingWrites: pending } = redisManager.getMetrics?.() ?? {}
      this.#keep({ type: 'sample', at, available: isAvailable(), pending: pending ?? 0 })
      this.send()
    }, SAMPLE_MS)
    redisManager.onStateChange?.((change) => this.#keep({ type: 'state', received: now(), ...change }))
  }

  stop() {
    clearInterval(this.#timer)
    this.send()
  }

  send() {
    if (this.#records.length > 0) process.send({ type: 'records', records: this.#records })
    this.#records = []
  }

  #keep(record) {
    this.#records.push(record)
    if (this.#records.length >= BATCH) this.send()
  }
}
