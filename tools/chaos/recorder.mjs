// Records the calls of a client process and its state, and sends that to the parent process in small batches, so that the
// memory of this process is mostly the package's.

import { redisManager } from 'redlatch'

import { now } from './clock.mjs'

const BATCH = 200
const SAMPLE_MS = 25
/** A timer that is later than this shows a stall of the event loop. */
const STALL_MS = 10

const isAvailable = () => redisManager.getCacheStats().isRedisAvailable

/** The classes of the calls of an area, where it is to be known whether Redis has answered. */
const classes = { claim: ['form', 'redisManager'], session: ['session'], oneTime: ['temp'] }

/** The calls of an area that memory has answered instead of Redis. */
function fallenBack(area) {
  const { calls } = redisManager.getMetrics()
  return classes[area].reduce((sum, name) => sum + calls[name].fellBack, 0)
}

/** The codes by which calls of an area may reject. */
const refusals = { session: ['ERR_CONFLICT'], oneTime: ['ERR_REDIS_UNAVAILABLE'] }

export class Recorder {
  #records = []
  #number = 0
  #timer

  /** Makes a call and records what `token` keeps of its result. Never rejects. */
  async call(about, make, token = (result) => result) {
    const { area } = about
    const isKnown = Object.hasOwn(classes, area)
    const fellBackBefore = isKnown ? fallenBack(area) : 0
    const record = { type: 'call', ...about, number: this.#number, before: isAvailable(), start: now() }
    this.#number += 1
    try {
      const result = await make()
      record.answer = result === null || result === undefined ? null : token(result)
    } catch (error) {
      if (refusals[area]?.includes(error.code)) record.refusal = error.code
      else record.error = `${error.code} ${error.message}`
    }
    record.end = now()
    record.after = isAvailable()
    // Nothing fell back meanwhile, so Redis has answered this call.
    if (isKnown) record.isFromRedis = fallenBack(area) === fellBackBefore
    this.keep(record)
    return record
  }

  /** Records the state at intervals, and stalls of the event loop, which do not count as time of a call. */
  watch() {
    let last = now()
    this.#timer = setInterval(() => {
      const at = now()
      if (at - last > SAMPLE_MS + STALL_MS) this.keep({ type: 'stall', from: last + SAMPLE_MS, to: at })
      last = at
      const { pendingWrites: pending } = redisManager.getMetrics?.() ?? {}
      this.keep({ type: 'sample', at, available: isAvailable(), pending: pending ?? 0 })
      this.send()
    }, SAMPLE_MS)
    redisManager.onStateChange?.((change) => this.keep({ type: 'state', received: now(), ...change }))
  }

  stop() {
    clearInterval(this.#timer)
    this.send()
  }

  send() {
    if (this.#records.length > 0) process.send({ type: 'records', records: this.#records })
    this.#records = []
  }

  keep(record) {
    this.#records.push(record)
    if (this.#records.length >= BATCH) this.send()
  }

  /** For what the parent has to know even if this process is killed now. */
  sendNow(record) {
    this.#records.push(record)
    this.send()
  }
}
