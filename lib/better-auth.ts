// What `redlatch/better-auth` gives: a secondary storage for better-auth, which needs no client of its own.

import { addon } from './addon.js'
import { property } from './arguments.js'
import { call, callNow, none, raw, realm } from './calls.js'

/** The options of `secondaryStorage`. */
export interface SecondaryStorageOptions {
  /**
   * What stands before each key in Redis.
   * @default 'better-auth:'
   */
  keyPrefix?: string | undefined
}

/** What better-auth asks of a secondary storage. TTLs are in seconds; a fraction is rounded up. */
export interface SecondaryStorage {
  /** The text as it was stored; `null` when it is absent or expired. */
  get(key: string): Promise<string | null>
  /** Stores a text, for good without a `ttl`. A `ttl` of 0 or less removes it. */
  set(key: string, value: string, ttl?: number): Promise<void>
  /** Removes a text. */
  delete(key: string): Promise<void>
  /** Removes a text and returns it: of callers at once, one gets it. */
  getAndDelete(key: string): Promise<string | null>
  /** Adds 1 to a counter and returns it. Only a new counter gets the TTL. */
  increment(key: string, ttl: number): Promise<number>
}

/**
 * Makes a secondary storage for better-auth: sessions, verification values and rate limits. Throws
 * `ERR_INVALID_ARG_VALUE` or `ERR_INVALID_ARG_TYPE` for a wrong option.
 * @see docs/sessions.md
 * @example const auth = betterAuth({ secondaryStorage: secondaryStorage() })
 */
export function secondaryStorage(options?: SecondaryStorageOptions): SecondaryStorage {
  const storage = callNow(() => new addon.BetterAuth(realm, options, property))
  return {
    get: (key) => call(storage, 'get', raw, key),
    set: (key, value, ttl) => call(storage, 'set', none, key, value, ttl),
    delete: (key) => call(storage, 'delete', none, key),
    getAndDelete: (key) => call(storage, 'getAndDelete', raw, key),
    increment: (key, ttl) => call(storage, 'increment', raw, key, ttl),
  }
}
