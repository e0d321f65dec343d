// What a bundler for browsers gets instead of index.ts: FormCache on the memory of one tab, without network and without
// credentials. It stops a second click before a request is made; what stops duplicates for certain is the server.

import type { clientAddress } from './client-address.js'
import type { CustomerCache as Customers } from './customer-cache.js'
import type { FormState, FormCache as Forms } from './form-cache.js'
import type { IdempotencyCache as Results } from './idempotency-cache.js'
import type { RateLimitCache as Attempts } from './rate-limit-cache.js'
import type { rateLimitHeaders } from './rate-limit-headers.js'
import type { RateLimiter as Limiter } from './rate-limiter.js'
import type { RedisManager } from './redis-manager.js'
import type { withLock } from './runs.js'
import type { TempDataCache as Temp } from './temp-data-cache.js'

type Status = FormState['status']

const MAX_ENTRIES = 1000
const DEFAULT_TTL = 300
const COMPLETED_TTL = 5
const PROCESSING = 'processing'

/** What the JSON text of each field must look like that every form has. */
const SHAPE = {
  timestamp: /^[-\d]/,
  status: /^"(processing|completed|failed)"$/,
}

/** Submissions as JSON text, and when they end, by key. */
const entries = new Map<string, { text: string; end: number }>()

/** Throws an error with the class and code that the addon gives it, unless `isRight`. */
function expect(
  isRight: unknown,
  message: string,
  Class: new (message: string) => Error = RangeError,
  code = 'ERR_INVALID_ARG_VALUE',
): void {
  if (!isRight) throw Object.assign(new Class(message), { code })
}

/** Throws unless each of `values`, by its name, is of `type`. */
function expectType(type: string, values: Record<string, unknown>): void {
  for (const name in values) {
    // Nothing is no object, although `typeof null` says so.
    expect(typeof (values[name] ?? true) === type, `${name} is no ${type}`, TypeError, 'ERR_INVALID_ARG_TYPE')
  }
}

/** Returns `key`, if it is one that the server takes, too. */
function toKey(key: string): string {
  expectType('string', { key })
  const isRight = key && !/\p{Cs}/u.test(key) && new Blob([key]).size < 32764
  expect(isRight, 'key must be well-formed, 1 to 32763 bytes')
  return key
}

/** The data as JSON has it, so that getters and `toJSON` count and later changes by the caller do not. */
function toData(formData: object, status?: { status: Status }): FormState {
  expectType('object', { formData })
  let data: FormState | undefined
  try {
    data = { ...JSON.parse(JSON.stringify(formData)), ...status }
  } catch {}
  for (const field in SHAPE) {
    const name = field as keyof typeof SHAPE
    const isRight = SHAPE[name].test(JSON.stringify(data?.[name]))
    expect(isRight, `formData.${name} is missing or wrong`, TypeError)
  }
  return data as FormState
}

/** The submission under `key`; `null` when there is none or it has expired. */
function read<Fields extends object>(key: string): (Fields & FormState) | null {
  const entry = entries.get(toKey(key))
  return entry && entry.end > Date.now() ? JSON.parse(entry.text) : null
}

/** Stores `data`, if there is any; whether there was. */
function write(key: string, data: object | false | null, ttlSeconds: number): boolean {
  expectType('number', { ttlSeconds })
  const isRight = ttlSeconds > 0 && Number.isSafeInteger(ttlSeconds)
  expect(isRight, 'ttlSeconds must be a positive integer')
  if (!data) return false
  const now = Date.now()
  for (const [old, { end }] of entries) if (end <= now) entries.delete(old)
  expect(entries.size < MAX_ENTRIES || entries.has(key), 'memory is full', Error, 'ERR_FALLBACK_FULL')
  entries.set(key, { text: JSON.stringify(data), end: now + ttlSeconds * 1000 })
  return true
}

const mark =
  (status: Status, defaultTtl: number) =>
  async (key: string, ttlSeconds = defaultTtl) => {
    const data = read(key)
    write(key, data && { ...data, status, timestamp: Date.now() }, ttlSeconds)
  }

const FormCache: Omit<typeof Forms, 'prototype'> = {
  generateKey(eventId, guestEmail, startTime) {
    expectType('string', { eventId, guestEmail, startTime })
    return `${eventId}-${guestEmail.trim().toLowerCase()}-${startTime}`.replace(/[^\w-]/g, '_')
  },

  key(first, ...more) {
    const lengthAndText = (part: string) => {
      expectType('string', { part })
      return `${part.length}:${part}`
    }
    return toKey([first, ...more].map(lengthAndText).join())
  },

  async set(key: string, formData: object, ttlSeconds = DEFAULT_TTL) {
    write(toKey(key), toData(formData), ttlSeconds)
  },

  get: async (key) => read(key),

  isProcessing: async (key) => read(key)?.status === PROCESSING,

  async tryAcquireProcessing(key: string, formData: object, ttlSeconds = DEFAULT_TTL) {
    const held = read(key)
    const data = toData(formData, { status: PROCESSING })
    return write(key, !held && data, ttlSeconds)
  },

  markCompleted: mark('completed', COMPLETED_TTL),

  markFailed: mark('failed', DEFAULT_TTL),

  extend: async (key, ttlSeconds = DEFAULT_TTL) => write(key, read(key), ttlSeconds),

  async delete(key) {
    entries.delete(toKey(key))
  },

  healthCheck: async () => ({ status: 'healthy', message: 'memory of this tab' }),
}

/** Stands for a function that only a server has. Calling it says so. */
const onServer = (name: string) => (): never => {
  throw new Error(`redlatch: call ${name} on the server`)
}

/** Stands for an object with such functions; for a class, `target` is a function, so that `new` says the same. */
const allOnServer = <T>(name: string, target: object = {}): T =>
  // `await` and `JSON.stringify` ask for names that no method has.
  new Proxy(target, {
    get: (_, method) => method !== 'then' && method !== 'toJSON' && onServer(`${name}.${String(method)}`),
  }) as T

const redisManager = allOnServer<RedisManager>('redisManager')

// One assignment, because what the compiler makes of single exports is a twelfth of the size that a browser loads.
export = {
  __esModule: true,
  FormCache,
  IdempotencyCache: allOnServer<typeof Results>('IdempotencyCache'),
  CustomerCache: allOnServer<typeof Customers>('CustomerCache'),
  RateLimitCache: allOnServer<typeof Attempts>('RateLimitCache'),
  RateLimiter: allOnServer<typeof Limiter>('RateLimiter', onServer('new RateLimiter')),
  rateLimitHeaders: onServer('rateLimitHeaders') as typeof rateLimitHeaders,
  clientAddress: onServer('clientAddress') as typeof clientAddress,
  TempDataCache: allOnServer<typeof Temp>('TempDataCache'),
  redisManager,
  withLock: onServer('withLock') as typeof withLock,
  SessionCache: function SessionCache() {
    return allOnServer('SessionCache')
  },
  IdempotencyError: Error,
  default: redisManager,
}
