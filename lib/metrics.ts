/** Counters that need no request. */
export interface CacheStats {
  /** Whether Redis is configured and calls go to it. */
  isRedisAvailable: boolean
  /** The live entries that only memory holds. */
  inMemoryCacheSize: number
  /** What answers calls now. */
  cacheType: 'Redis' | 'In-Memory'
}

/** The state of the circuit breaker; `not-configured` where there is only memory. */
export type RedisState = 'available' | 'degraded' | 'probing' | 'not-configured'

/** Why Redis cannot be used. */
export type OutageCode =
  | 'connect'
  | 'connection_lost'
  | 'timeout'
  | 'rate_limited'
  | 'unavailable'
  | 'unauthorized'
  | 'protocol'
  | 'configuration'
  | 'other'

/** A change of state. */
export interface StateChange {
  from: Exclude<RedisState, 'not-configured'>
  to: Exclude<RedisState, 'not-configured'>
  /** Why, for a person. It holds no key, value or token. */
  reason: string
  /** When, in Unix milliseconds. */
  at: number
}

/** How to register a listener of `onStateChange`. */
export interface StateListenerOptions {
  /**
   * Registered under a name, a listener replaces the earlier one of that name. A module that is evaluated again, as by a
   * hot reload, then adds none.
   */
  name?: string | undefined
}

/** Calls by how they ended. Each is counted once; a call of a cache that takes two steps is counted twice. */
export interface CallCounts {
  /** The key was there. */
  hit: number
  /** The key was absent. */
  miss: number
  /** Something was written or removed. */
  stored: number
  /** Memory answered instead of Redis. */
  fellBack: number
  /** The call rejected. */
  rejected: number
}

/** What a rate limiter has done. */
export interface RateLimitCounts {
  /** Requests that were admitted. */
  allowed: number
  /** Requests that it denied. */
  denied: number
  /** Requests that it denied without asking Redis. */
  deniedByCache: number
  /** Requests in an outage, whatever became of them. */
  fellBack: number
}

/** What has been counted and measured since the service started. */
export interface Metrics {
  state: RedisState
  /** When the present state began, in Unix milliseconds. Probes do not interrupt an outage. */
  since: number
  /** The latest outage. It stays after the recovery. */
  lastError: { code: OutageCode; message: string; at: number } | null
  calls: Record<
    'idempotency' | 'form' | 'customer' | 'rateLimit' | 'redisManager' | 'session' | 'temp',
    CallCounts
  >
  /** Writes buffered during an outage that are not replayed yet. */
  pendingWrites: number
  /** Buffered writes that were replayed. */
  replayed: number
  /** Buffered writes that had expired before they could be replayed. */
  droppedAsExpired: number
  /** Buffered writes that were given up: another instance has written the key meanwhile, or Redis refuses them for good. */
  conflicts: number
  /** Increments without a reply, in an outage or out of one: perhaps not counted. They are not sent twice. */
  uncertain: number
  /** Stale copies: values kept to answer reads during an outage. */
  staleCopies: { entries: number; bytes: number }
  corruptEntriesRemoved: number
  /** Runs that lost their lease and ended after another one had done the same work. */
  overtakenRuns: number
  /** Sessions that are missing in the list of their user, because it could not be changed. */
  unlistedSessions: number
  /** By the name of the limiter. */
  rateLimits: Record<string, RateLimitCounts>
  /** Commands that wait for their request, as while many requests are in flight. */
  queuedCommands: number
  /** Requests in flight. */
  requestsInFlight: number
  /** Requests that were retried. */
  retries: number
  /** How long answered requests took, in milliseconds. */
  latency: { count: number; p50: number; p90: number; p99: number; max: number }
}
