// The random runs and locks of a client process, on keys that all processes share. The work itself writes down when it is
// done, outside Redis, and sends that to the parent at once, because this process may be killed in the middle.

import { setTimeout as pause } from 'node:timers/promises'

import { IdempotencyCache, redisManager, withLock } from 'redlatch'

import { now } from './clock.mjs'

/** Long enough for a lease to be kept through the shorter faults, and short enough to end within a run. */
export const LONGEST_LEASE_MS = 5_000
export const LONGEST_WORK_MS = 1_200
const LEASES_MS = [600, 1_500, LONGEST_LEASE_MS]
const WAITS_MS = [0, 500, 3_000]
const LOCKS = 3
const KEYS_OF_A_STEP = 3
const KEYS_USED_AGAIN = 2

/** An error that the work throws. Its message is the token of the execution. */
class WorkError extends Error {}

/** The codes of the errors by which a call says that there is no outcome for it now. */
const refusals = ['ERR_IDEMPOTENCY_IN_PROGRESS', 'ERR_LOCK_TIMEOUT', 'ERR_REDIS_UNAVAILABLE']

/** What memory has decided instead of Redis in this process. */
const withoutRedis = () => {
  const { fellBack, rejected } = redisManager.getMetrics().calls.idempotency
  return fellBack + rejected
}

/** The keys of a step are done once, so that a fault affects few keys. Others are done again after their short TTL. */
function randomKey(random, step) {
  const number = random.between(1, KEYS_USED_AGAIN)
  if (random.once(5)) return { key: `run.short.${number}`, ttl: 2, isBlocking: false }
  if (random.once(8)) return { key: `run.block.${number}`, ttl: 3, isBlocking: true }
  return { key: `run.${step}.${random.between(1, KEYS_OF_A_STEP)}`, ttl: 600, isBlocking: false }
}

export class RunCalls {
  #recorder
  #random
  #name
  #count = 0

  /** `name` is part of all tokens, and no other's. */
  constructor(recorder, random, name) {
    this.#recorder = recorder
    this.#random = random
    this.#name = name
  }

  /** Makes one random call. `step` is part of the keys. */
  make(step) {
    const random = this.#random
    const options = {
      leaseMs: random.pick(LEASES_MS),
      waitMs: random.pick(WAITS_MS),
      fencing: random.once(2),
      ...(random.once(8) && { onOutage: 'reject' }),
    }
    const workMs = random.once(3) ? random.between(200, LONGEST_WORK_MS) : random.between(0, 40)
    const throws = random.once(5)
    const onError = random.pick(['release', 'store'])
    if (random.once(3))
      return this.lock({ key: `lock.${random.between(1, LOCKS)}` }, { ...options, workMs, throws })
    return this.run(randomKey(random, step), { ...options, workMs, throws, onError })
  }

  run({ key, ttl, isBlocking }, { workMs = 0, throws = false, onError = 'release', ...options }) {
    const isKept = !throws || onError === 'store'
    const about = { kind: 'run', key, ttl, isBlocking, isKept, throws, workMs, ...options }
    const onCrash = isBlocking ? 'block' : 'rerun'
    const all = { ...options, ttlSeconds: ttl, onError, onCrash }
    return this.#record(about, (work) => IdempotencyCache.run(key, work, all))
  }

  lock({ key }, { workMs = 0, throws = false, ...options }) {
    const about = { kind: 'lock', key, isKept: false, throws, workMs, ...options }
    return this.#record(about, (work) => withLock(key, work, options))
  }

  async #record(about, make) {
    this.#count += 1
    const call = { type: 'run', ...about, token: `${this.#name}.${this.#count}`, before: withoutRedis() }
    call.start = now()
    try {
      const result = await make((context) => this.#work(call, context))
      call.answer = result.token
    } catch (error) {
      Object.assign(call, told(call, error))
    }
    call.end = now()
    call.isFromRedis = withoutRedis() === call.before
    this.#recorder.keep(call)
    return call
  }

  /** It does not stop when its signal aborts, so that it may end late. */
  async #work(call, { signal, fence }) {
    const { kind, key, token, ttl, leaseMs, isBlocking, isKept, onOutage } = call
    const about = { kind, key, token, ttl, leaseMs, isBlocking, isKept, fence, asked: call.start }
    // A call that rejects in outages has its claim from Redis.
    const isFromRedis = onOutage === 'reject' || withoutRedis() === call.before
    this.#recorder.sendNow({ type: 'began', ...about, isFromRedis, start: now() })
    signal.addEventListener('abort', () => this.#recorder.sendNow({ type: 'lost', token, at: now() }))
    if (call.workMs > 0) await pause(call.workMs)
    this.#recorder.sendNow({ type: 'done', token, end: now() })
    if (call.throws) throw new WorkError(token)
    return { token }
  }
}

/** What a call has told by an error: the outcome that was kept, that there is none for it, or something wrong. */
function told(call, error) {
  if (error instanceof WorkError) return call.isKept ? { answer: error.message } : { refusal: 'released' }
  if (error.code === 'ERR_IDEMPOTENCY_FAILED') return { answer: error.cause.message }
  if (refusals.includes(error.code)) return { refusal: error.code }
  return { error: `${error.code} ${error.message}` }
}
