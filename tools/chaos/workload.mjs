// The random calls of a client process: on its own keys, and on keys that both processes use (claims and counters).

import assert from 'node:assert/strict'

import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'

import { now } from './clock.mjs'

/** The prefix of each kind of key in Redis. */
const prefixes = { text: '', result: 'idempotency:', form: 'form:', customer: 'customer:' }

export const kinds = Object.keys(prefixes)

export const redisKey = (kind, key) => `${prefixes[kind]}${key}`

/** Entries with the fields that the caches require and the token of a write. */
export const entries = {
  result: (token) => ({ url: token }),
  form: (token, status) => ({
    eventId: token,
    guestEmail: 'guest@example.com',
    startTime: 's',
    status,
    timestamp: 1,
  }),
  customer: (token) => ({ stripeCustomerId: 'c', email: 'e', name: token, created: 1, updatedAt: 1 }),
}

/** The part of a value that reads are compared by. */
export const tokens = {
  text: (text) => text,
  result: (result) => result.url,
  form: ({ eventId, status }) => formToken(eventId, status),
  customer: (customer) => customer.name,
}

export const formToken = (token, status) => `${token}/${status}`

/** The token of an entry in Redis. */
export function tokenOfText(kind, text) {
  if (text === null) return null
  if (kind === 'text') return text
  try {
    return tokens[kind](JSON.parse(text))
  } catch (error) {
    assert.ok(error instanceof SyntaxError)
    return `not JSON: ${text}`
  }
}

const KEYS_OF_A_KIND = 4
const LONG_TTL = 600

const randomTtl = (random) => (random.once(3) ? random.between(1, 3) : LONG_TTL)

/** For a key, a unique token and a TTL: what to record, and the call. */
const writing = {
  text: (key, token, ttl) => [{ token, ttl }, () => redisManager.set(key, token, ttl)],
  result: (key, token, ttl) => [{ token, ttl }, () => IdempotencyCache.set(key, entries.result(token), ttl)],
  form: (key, token, ttl) => [
    { token: formToken(token, 'processing'), ttl },
    () => FormCache.set(key, entries.form(token, 'processing'), ttl),
  ],
  customer: (key, token, ttl) => [
    { token, ttl },
    () => CustomerCache.setCustomer(key, entries.customer(token), ttl),
  ],
}

const reading = {
  text: (key) => redisManager.get(key),
  result: (key) => IdempotencyCache.get(key),
  form: (key) => FormCache.get(key),
  customer: (key) => CustomerCache.getCustomer(key),
}

const removing = {
  text: (key) => redisManager.del(key),
  result: (key) => IdempotencyCache.delete(key),
  form: (key) => FormCache.delete(key),
  customer: (key) => CustomerCache.deleteCustomer(key),
}

/** Calls that only some caches have. */
const special = {
  text: [forever, writeUntil, create, expire, exists, readMany],
  result: [(own, kind, key) => own.record('exists', kind, key, {}, () => IdempotencyCache.exists(key))],
  form: [mark, isProcessing],
  customer: [],
}

export class OwnCalls {
  #count = 0
  /** Marks in flight, by key. */
  #marks = new Map()

  /** `name` is part of all keys and tokens, so no other worker writes them. */
  constructor(recorder, random, name, hasMovedClock) {
    Object.assign(this, { recorder, random, name, hasMovedClock })
  }

  /** Makes one random call. */
  make() {
    const kind = this.random.pick(kinds)
    const key = `${this.name}.${kind}.${this.random.between(1, KEYS_OF_A_KIND)}`
    // A mark may need a second request, which comes after other calls of its turn. So no other call uses its key.
    if (this.#marks.has(key)) return this.#marks.get(key)
    const choice = this.random.between(1, 20)
    if (choice <= 7) return this.record('read', kind, key, {}, () => reading[kind](key), tokens[kind])
    if (choice <= 12) return this.#write(kind, key)
    if (choice <= 14) return this.record('remove', kind, key, {}, () => removing[kind](key))
    const other = special[kind].length > 0 ? this.random.pick(special[kind]) : undefined
    return other ? other(this, kind, key) : this.#write(kind, key)
  }

  record(op, kind, key, more, make, token) {
    return this.recorder.call({ area: 'own', op, kind, key, ...more }, make, token)
  }

  async mark(key, status, ttl, call) {
    const marked = this.record('mark', 'form', key, { status, ttl }, () => call(key, ttl))
    this.#marks.set(key, marked)
    await marked
    this.#marks.delete(key)
  }

  token() {
    this.#count += 1
    return `${this.name}.${this.#count}`
  }

  #write(kind, key) {
    const [more, make] = writing[kind](key, this.token(), randomTtl(this.random))
    return this.record('write', kind, key, more, make)
  }
}

function forever(own, kind, key) {
  const token = own.token()
  return own.record('write', kind, key, { token }, () => redisManager.set(key, token))
}

function writeUntil(own, kind, key) {
  // A time named by a wrong clock is wrong.
  if (own.hasMovedClock()) return forever(own, kind, key)
  const token = own.token()
  // Sometimes a time in the past, which removes the key.
  const milliseconds = own.random.once(5)
    ? -1_000
    : randomTtl(own.random) * 1_000 + own.random.between(0, 999)
  const more = { token, until: now() + milliseconds }
  const expiresAt = Date.now() + milliseconds
  return own.record('write', kind, key, more, () => redisManager.setWithTimestamp(key, token, expiresAt))
}

function create(own, kind, key) {
  const token = own.token()
  const ttl = randomTtl(own.random)
  return own.record('create', kind, key, { token, ttl }, () => redisManager.setNx(key, token, ttl))
}

function expire(own, kind, key) {
  const ttl = randomTtl(own.random)
  return own.record('expire', kind, key, { ttl }, () => redisManager.expire(key, ttl))
}

function exists(own, kind, key) {
  return own.record('exists', kind, key, {}, () => redisManager.exists(key))
}

function readMany(own, kind, key) {
  const keys = [key, ...[1, 2].map((number) => `${own.name}.${kind}.${number}`)]
  return own.record('readMany', kind, key, { keys }, () => redisManager.mget(keys))
}

function mark(own, _, key) {
  const [status, call] = own.random.pick([
    ['completed', FormCache.markCompleted],
    ['failed', FormCache.markFailed],
  ])
  return own.mark(key, status, randomTtl(own.random), call)
}

function isProcessing(own, kind, key) {
  return own.record('isProcessing', kind, key, {}, () => FormCache.isProcessing(key))
}

const CLAIMED_KEYS = 12
/** A claim that is about to expire is left to expire: its release could end the claim of another process. */
const RELEASE_MARGIN_MS = 1_000
const COUNTERS = 3

export class SharedCalls {
  #count = 0
  #held = []

  constructor(recorder, random, name) {
    Object.assign(this, { recorder, random, name })
  }

  /** `step` is part of the counters' names, so that each fault affects its own counters. */
  make(step) {
    const choice = this.random.between(1, 10)
    if (choice <= 4) return this.#increment(step)
    if (choice <= 6 && this.#held.length > 0) return this.#release()
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
    const { answer, start } = await this.recorder.call(about, () => claim(key, token, ttl))
    if (answer) this.#held.push({ kind, key, token, until: start + ttl * 1_000 - RELEASE_MARGIN_MS })
  }

  /** Releases a claim of its own while it lives: deletes it, or marks a form as completed with a short TTL. */
  #release() {
    const [{ kind, key, token, until }] = this.#held.splice(this.random.between(0, this.#held.length - 1), 1)
    if (now() > until) return this.#claim()
    const about = { area: 'claim', op: 'release', kind, key, token }
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
