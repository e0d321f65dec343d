/** What happens to calls while Redis cannot be used. */
export type OutagePolicy = 'memory' | 'reject'

/** What happens to rate limits while Redis cannot be used: memory counts, or everything is allowed or denied at once. */
export type RateLimitOutagePolicy = 'memory' | 'allow' | 'deny'

/** Settings in code. They replace what the environment says about the same. */
export interface RedlatchOptions {
  /** The REST endpoint of the database. If `url` or `token` is given, neither is read from the environment. */
  url?: string | undefined
  /** The REST token of the database. */
  token?: string | undefined
  /**
   * The longest time a call waits for Redis, with connecting and retries, in milliseconds. Then memory answers.
   * @default 2000
   */
  timeoutMs?: number | undefined
  /**
   * The most bytes of an answer of Redis, in its JSON with base64: a value takes a third more. A call that gets more
   * rejects with `ERR_REDIS_REPLY`.
   * @default 33554432
   */
  maxResponseBytes?: number | undefined
  /** `true` keeps everything in memory. `false` overrules the variable `DISABLE_REDIS`. */
  disableRedis?: boolean | undefined
  /**
   * What happens to calls while Redis cannot be used: memory answers, or they reject with `ERR_REDIS_UNAVAILABLE`. Use
   * `reject` where a refused payment is better than a guess.
   * @default 'memory' for each
   */
  onOutage?:
    | {
        idempotency?: OutagePolicy | undefined
        form?: OutagePolicy | undefined
        customer?: OutagePolicy | undefined
        rateLimit?: RateLimitOutagePolicy | undefined
        temp?: OutagePolicy | undefined
        redisManager?: OutagePolicy | undefined
        /** `SessionCache`, and the stores of `redlatch/express-session` and `redlatch/better-auth`. */
        session?: OutagePolicy | undefined
      }
    | undefined
  /** The limits of the memory store. A write to a full store rejects with `ERR_FALLBACK_FULL`; nothing is evicted. */
  memory?:
    | {
        /**
         * The number of entries.
         * @default 100000
         */
        maxEntries?: number | undefined
        /**
         * The bytes of all keys and values in UTF-8.
         * @default 67108864
         */
        maxBytes?: number | undefined
      }
    | undefined
}
