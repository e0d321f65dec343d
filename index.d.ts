/**
 * The result of a health check.
 */
export interface HealthCheck {
  /** `healthy` while calls are served as configured: by Redis, or by memory when Redis is not configured. */
  status: 'healthy' | 'unhealthy'
  /** A sentence for a person. */
  message: string
}

/** The result of `redisManager.healthCheck()`. */
export interface RedisHealthCheck extends HealthCheck {
  /** How long the check took, in milliseconds. */
  responseTime: number
  /** Where values go by configuration: `redis` even while it cannot be reached. */
  mode: 'redis' | 'in-memory'
  /** Why Redis cannot be used. */
  error?: string
}

/** Figures that take no request. */
export interface CacheStats {
  /** Whether Redis is configured and calls go to it. */
  isRedisAvailable: boolean
  /**
   * The live entries that only memory holds. Beyond a thousand, entries that expired within about the last second may
   * be counted.
   */
  inMemoryCacheSize: number
  /** What answers calls now. */
  cacheType: 'Redis' | 'In-Memory'
}

/** Settings in code. What is given takes the place of what the environment says about it. */
export interface RedlatchOptions {
  /** The REST endpoint of the database. With `url` or `token` given, neither is looked up in the environment. */
  url?: string
  /** The REST token of the database. */
  token?: string
  /**
   * The longest that a call waits for Redis, connecting and repeats included, in milliseconds. Then memory answers.
   * @default 2000
   */
  timeoutMs?: number
  /** `true` keeps everything in memory whatever else is set; `false` overrules the variable `DISABLE_REDIS`. */
  disableRedis?: boolean
  /**
   * What happens to calls while Redis cannot be used: memory takes over, or they reject with `ERR_REDIS_UNAVAILABLE`, for
   * those who would rather refuse a payment than guess.
   * @default 'memory' for each
   */
  onOutage?: {
    idempotency?: OutagePolicy
    form?: OutagePolicy
    customer?: OutagePolicy
    redisManager?: OutagePolicy
  }
  /** The bounds of the memory store. When it is full, writes reject with `ERR_FALLBACK_FULL`; nothing is dropped. */
  memory?: {
    /**
     * The number of entries.
     * @default 100000
     */
    maxEntries?: number
    /**
     * The bytes of all keys and values in UTF-8.
     * @default 67108864
     */
    maxBytes?: number
  }
}

/** A form submission. */
export interface FormSubmissionData {
  eventId: string
  guestEmail: string
  startTime: string
  status: 'processing' | 'completed' | 'failed'
  /** When the status last changed, in Unix milliseconds. */
  timestamp: number
}

/** A Stripe customer. */
export interface CachedCustomerData {
  stripeCustomerId: string
  email: string
  userId?: string
  name?: string | null
  subscriptions?: string[]
  defaultPaymentMethod?: string | null
  created: number
  updatedAt: number
}

/** A Stripe subscription. */
export interface CachedSubscriptionData {
  id: string
  customerId: string
  status: string
  priceId: string
  productId: string
  currentPeriodEnd: number
  cancelAtPeriodEnd: boolean
  created: number
  updatedAt: number
}

/** What is known of Redis; `not-configured` where there is only memory. */
export type RedisState = 'available' | 'degraded' | 'probing' | 'not-configured'

/** A change of state. */
export interface StateChange {
  from: Exclude<RedisState, 'not-configured'>
  to: Exclude<RedisState, 'not-configured'>
  /** Why, for a person; it holds no key, value or token. */
  reason: string
  /** When, in Unix milliseconds. */
  at: number
}

/** Calls by how they ended; each counts once. A call of a cache that takes two steps counts twice. */
export interface CallCounts {
  /** The key was there. */
  hit: number
  /** It was not. */
  miss: number
  /** Something was written or removed. */
  stored: number
  /** Memory answered instead of Redis. */
  fellBack: number
  /** An error. */
  rejected: number
}

/** What has been counted and measured since the service began. */
export interface Metrics {
  state: RedisState
  /** The start of the present state, in Unix milliseconds; probes do not interrupt an outage. */
  since: number
  /** The latest outage; it stays after the recovery. */
  lastError: { code: string; message: string; at: number } | null
  calls: Record<'idempotency' | 'form' | 'customer' | 'redisManager', CallCounts>
  /** Writes made during an outage that Redis has not been told of yet. */
  pendingWrites: number
  /** Such writes that it has been told of. */
  replayed: number
  /** Such writes that had expired by then. */
  droppedAsExpired: number
  /** Claims of keys that another instance holds by then, and what Redis refused for the type of the key. */
  conflicts: number
  /** Increments whose replay had no answer, and which are not sent twice. */
  uncertain: number
  /** Values kept for an outage. */
  staleCopies: { entries: number; bytes: number }
  corruptEntriesRemoved: number
  /** Requests sent again. */
  retries: number
  /** How long answered requests took, in milliseconds. */
  latency: { count: number; p50: number; p90: number; p99: number; max: number }
}

/** What happens to calls while Redis cannot be used. */
export type OutagePolicy = 'memory' | 'reject'

/**
 * String keys with TTLs, on Redis or in memory.
 *
 * An expired key is absent in every respect. Calls reject with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for a
 * wrong argument, with `ERR_REDIS_REPLY` when Redis refuses the command and with `ERR_FALLBACK_FULL` when memory is
 * full. That Redis cannot be reached is no error: memory takes over, unless `onOutage` says otherwise. Keys are at most 32 KiB long in UTF-8.
 */
export interface RedisManager {
  /**
   * Stores `value`. Without `expirationSeconds` it stays until it is deleted.
   * @example await redisManager.set('greeting', 'hello', 60)
   */
  set(key: string, value: string, expirationSeconds?: number): Promise<void>
  /** The text that was stored, unchanged; `null` when the key is absent. */
  get(key: string): Promise<string | null>
  /** Removes `key`, if it is there. */
  del(key: string): Promise<void>
  /** Whether `key` is there. */
  exists(key: string): Promise<boolean>
  /** Stores `value` unless the key is there; `true` if this call created it. Atomic. */
  setNx(key: string, value: string, expirationSeconds: number): Promise<boolean>
  /**
   * Adds `increment` to a whole number, which starts at 0, and returns the sum. Atomic; the key's TTL stays. The
   * stored number is exact up to 64 bits; what is returned above 2^53 is rounded as any JavaScript number.
   * @default increment 1
   */
  incr(key: string, increment?: number): Promise<number>
  /** Gives `key` a new TTL; `false` when there is no such key. */
  expire(key: string, seconds: number): Promise<boolean>
  /** The values of `keys`, in their order, in one request. */
  mget(keys: string[]): Promise<(string | null)[]>
  /** Stores `value` until `expiresAt`, in Unix milliseconds. A moment already past leaves no key behind. */
  setWithTimestamp(key: string, value: string, expiresAt: number): Promise<void>
  /** Asks Redis for a sign of life. Never rejects. */
  healthCheck(): Promise<RedisHealthCheck>
  /** Figures that take no request. */
  getCacheStats(): CacheStats
  /** What has been counted and measured; as text in Prometheus' format if asked for. */
  getMetrics(options?: { format?: 'json' }): Metrics
  getMetrics(options: { format: 'prometheus' }): string
  /**
   * Resolves with the number of writes made during an outage that Redis has not been told of: 0 as soon as it has been
   * told of all, another number when `timeoutMs` are over. For a graceful shutdown.
   * @default timeoutMs 5000
   */
  drain(timeoutMs?: number): Promise<number>
  /**
   * Calls `listener` whenever the state of Redis changes, instead of a line on the console; returns a function that
   * ends that. It keeps neither the event loop nor the process alive.
   */
  onStateChange(listener: (change: StateChange) => void): () => void
  /**
   * Replaces earlier settings in code; without `options`, the environment counts again. Takes effect with the next
   * call; calls under way finish with the old settings. Throws on a wrong option.
   */
  configure(options?: RedlatchOptions): void
  /**
   * Lets the calls under way finish, then lets go of connections, threads and what memory holds; where other worker
   * threads use the same settings, the last of them to close does. The next call starts anew, and reads the
   * environment again.
   */
  close(): Promise<void>
}

/** Remembers the result of an API request by its idempotency key, so that a repeat gets the same answer. */
export declare class IdempotencyCache {
  private constructor()
  /**
   * Remembers `result`, as the text that `JSON.stringify` makes of it.
   * @default ttlSeconds 600
   */
  static set<T extends object = { url: string }>(key: string, result: T, ttlSeconds?: number): Promise<void>
  /** The result; `null` when there is none, it has expired or is corrupt. A corrupt one is removed. */
  static get<T extends object = { url: string }>(key: string): Promise<T | null>
  /** Whether there is a result. */
  static exists(key: string): Promise<boolean>
  /** Forgets the result. */
  static delete(key: string): Promise<void>
  /** Never rejects. */
  static healthCheck(): Promise<HealthCheck>
}

/** Tracks form submissions, so that a duplicate is blocked. */
export declare class FormCache {
  private constructor()
  /**
   * Stores a submission.
   * @default ttlSeconds 300
   */
  static set(key: string, formData: FormSubmissionData, ttlSeconds?: number): Promise<void>
  /** The submission; `null` when there is none, it has expired or is corrupt. A corrupt one is removed. */
  static get(key: string): Promise<FormSubmissionData | null>
  /** `true` exactly while the entry's status is `processing`. */
  static isProcessing(key: string): Promise<boolean>
  /**
   * Claims the submission: `true` for exactly one of any number of simultaneous callers, on any number of instances.
   * Any live entry blocks, also a completed or failed one.
   * @default ttlSeconds 300
   */
  static tryAcquireProcessing(
    key: string,
    formData: Omit<FormSubmissionData, 'status'>,
    ttlSeconds?: number,
  ): Promise<boolean>
  /**
   * Changes status and timestamp in one step. Nothing happens when there is no entry. Five seconds absorb a double
   * click without blocking an honest retry.
   * @default ttlSeconds 5
   */
  static markCompleted(key: string, ttlSeconds?: number): Promise<void>
  /**
   * Changes status and timestamp in one step. Nothing happens when there is no entry.
   * @default ttlSeconds 300
   */
  static markFailed(key: string, ttlSeconds?: number): Promise<void>
  /** Forgets the submission. */
  static delete(key: string): Promise<void>
  /**
   * `${eventId}-${guestEmail}-${startTime}`, the e-mail trimmed and lower-cased, then every UTF-16 unit outside
   * `A-Z a-z 0-9 - _` replaced by `_`.
   */
  static generateKey(eventId: string, guestEmail: string, startTime: string): string
  /** Never rejects. */
  static healthCheck(): Promise<HealthCheck>
}

/** Keeps Stripe customers and subscriptions, and finds customers by user id and e-mail address. */
export declare class CustomerCache {
  private constructor()
  /**
   * Stores a customer.
   * @default ttlSeconds 86400
   */
  static setCustomer(customerId: string, data: CachedCustomerData, ttlSeconds?: number): Promise<void>
  /** The customer; `null` when there is none, it has expired or is corrupt. A corrupt one is removed. */
  static getCustomer(customerId: string): Promise<CachedCustomerData | null>
  /**
   * Stores which customer a user is.
   * @default ttlSeconds 86400
   */
  static setUserMapping(userId: string, customerId: string, ttlSeconds?: number): Promise<void>
  /** The customer id of a user; `null` when it is not known. */
  static getCustomerByUserId(userId: string): Promise<string | null>
  /**
   * Stores which customer has an e-mail address, which is used as it is given.
   * @default ttlSeconds 86400
   */
  static setEmailMapping(email: string, customerId: string, ttlSeconds?: number): Promise<void>
  /** The customer id of an e-mail address; `null` when it is not known. */
  static getCustomerByEmail(email: string): Promise<string | null>
  /**
   * Stores a subscription.
   * @default ttlSeconds 86400
   */
  static setSubscription(
    subscriptionId: string,
    data: CachedSubscriptionData,
    ttlSeconds?: number,
  ): Promise<void>
  /** The subscription; `null` when there is none, it has expired or is corrupt. A corrupt one is removed. */
  static getSubscription(subscriptionId: string): Promise<CachedSubscriptionData | null>
  /** Forgets a customer and the mappings that lead to it, in one request. */
  static deleteCustomer(customerId: string, email?: string, userId?: string): Promise<void>
  /** Never rejects. */
  static healthCheck(): Promise<HealthCheck>
}

/** The one manager of this process. */
export declare const redisManager: RedisManager
export default redisManager
