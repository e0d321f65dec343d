import { addon } from './addon.js'
import { property } from './arguments.js'
import { call, callNow, json, none, raw, realm } from './calls.js'
import type { RateLimitOutagePolicy } from './options.js'

/** A length of time: milliseconds, or a text such as `10 s`. */
export type Duration = number | `${number} ${DurationUnit}` | `${number}${DurationUnit}`
type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w'

/** How requests are counted; made by the static methods of `RateLimiter`. */
export type RateLimitAlgorithm =
  | { readonly kind: 'fixedWindow' | 'slidingWindow'; readonly tokens: number; readonly window: Duration }
  | {
      readonly kind: 'tokenBucket'
      readonly refillRate: number
      readonly interval: Duration
      readonly maxTokens: number
    }
  | {
      readonly kind: 'gcra'
      readonly tokens: number
      readonly window: Duration
      readonly burst?: number | undefined
    }

/** The options of a limiter. */
export interface RateLimiterOptions {
  limiter: RateLimitAlgorithm
  /**
   * Its name in headers and metrics, and in its keys: limiters with different names count apart.
   * @default 'default' in headers and metrics, nothing in keys
   */
  name?: string | undefined
  /**
   * The beginning of its keys. Limiters with one prefix and one name count together. With the prefix `@upstash/ratelimit`
   * and no name, they also count together with that package, by the three algorithms that it has.
   * @default 'ratelimit'
   */
  prefix?: string | undefined
  /** How long a request to Redis may take, in milliseconds; the settings' `timeoutMs`, if it is shorter. Then it is an outage. */
  timeoutMs?: number | undefined
  /**
   * Whether ids that are certain to be denied are denied without a request, 10,000 at most.
   * @default true
   */
  ephemeralCache?: boolean | object | undefined
  /**
   * Whether `setDynamicLimit` can replace the limit, on all instances. A request reads one key more.
   * @default false
   */
  dynamicLimits?: boolean | undefined
  /**
   * Whether ids can be blocked. A request reads one key more.
   * @default false
   */
  blocking?: boolean | undefined
  /** What happens while Redis cannot be used. By default, what `configure` says for `rateLimit`. */
  onOutage?: RateLimitOutagePolicy | undefined
  /** Accepted for code that was written for `@upstash/ratelimit`, and ignored. */
  redis?: unknown
}

/** How a limit has answered a request. */
export interface RateLimitResult {
  /** Whether the request is admitted. One that is not consumes nothing. */
  success: boolean
  /** The most that is admitted. */
  limit: number
  /** How much is left. */
  remaining: number
  /** When more is: the end of the window, the next refill, or when a GCRA is as if unused; in Unix milliseconds. */
  reset: number
  /** After how many milliseconds the same request is admitted at the earliest; 0 if it was. */
  retryAfterMs: number
  /** The name of the limiter. */
  name: string
  /** In how many milliseconds as many requests are admitted as `limit` says. */
  windowMs: number
  /** For code that was written for `@upstash/ratelimit`: nothing is pending. */
  pending: Promise<unknown>
  /**
   * Why the result is not what Redis has counted: the id is certain to be denied, or blocked; in an outage memory has counted,
   * or nothing was.
   */
  reason?: 'cacheBlock' | 'blocked' | 'fallback' | 'outage'
}

/** How much an id has left. */
export interface RemainingTokens {
  remaining: number
  reset: number
  limit: number
}

/** Not all at the same time: a waiting caller comes up to this share later than it could. */
const JITTER = 0.1

const settled = Promise.resolve()
const revive = (text: Parameters<typeof json>[0]): RateLimitResult[] =>
  json<Omit<RateLimitResult, 'pending'>[]>(text).map((result) => ({ ...result, pending: settled }))
const reviveOne = (text: Parameters<typeof json>[0]) => revive(text)[0]

/**
 * Limits how often something may be done, on all instances together. The names are those of `@upstash/ratelimit`.
 * @see docs/rate-limits.md
 * @example const limiter = new RateLimiter({ limiter: RateLimiter.gcra(10, '1 m') })
 */
export class RateLimiter {
  readonly #limiter: InstanceType<typeof addon.RateLimiter>

  constructor(options: RateLimiterOptions) {
    this.#limiter = callNow(() => new addon.RateLimiter(realm, options, property))
  }

  /**
   * So many in each window. Cheap and simple; at the end of one window and the beginning of the next, twice as many pass.
   * @example RateLimiter.fixedWindow(10, '10 s')
   */
  static fixedWindow(tokens: number, window: Duration): RateLimitAlgorithm {
    return { kind: 'fixedWindow', tokens, window }
  }

  /**
   * So many in a window that moves: of the window before, a share counts that shrinks.
   * @example RateLimiter.slidingWindow(10, '10 s')
   */
  static slidingWindow(tokens: number, window: Duration): RateLimitAlgorithm {
    return { kind: 'slidingWindow', tokens, window }
  }

  /**
   * Tokens that are refilled after each interval, up to a maximum.
   * @example RateLimiter.tokenBucket(5, '10 s', 20)
   */
  static tokenBucket(refillRate: number, interval: Duration, maxTokens: number): RateLimitAlgorithm {
    return { kind: 'tokenBucket', refillRate, interval, maxTokens }
  }

  /**
   * Evenly spread requests, and bursts of as many as `burst` says (generic cell rate algorithm). Recommended: it needs
   * no clock but that of Redis, and no window has an end at which many wait.
   * @default burst tokens
   * @example RateLimiter.gcra(100, '1 m', 20)
   */
  static gcra(tokens: number, window: Duration, burst?: number): RateLimitAlgorithm {
    return { kind: 'gcra', tokens, window, burst }
  }

  /**
   * Counts a request of `id`, if the limit admits it. `rate` is how much it counts.
   * @default options.rate 1
   * @example const { success, retryAfterMs } = await limiter.limit(clientAddress(request))
   */
  limit(id: string, options?: { rate?: number | undefined }): Promise<RateLimitResult> {
    return call(this.#limiter, 'limit', reviveOne, id, options?.rate)
  }

  /**
   * Counts a request in several limits, if each of them admits it, and in none otherwise: atomically, in one request. A
   * denied one can be told by its result's `success`.
   * @example const { success, results } = await RateLimiter.limitAll([{ limiter: perAddress, id: address }, { limiter: perEmail, id: email }])
   */
  static async limitAll(
    checks: readonly { limiter: RateLimiter; id: string; rate?: number | undefined }[],
  ): Promise<{ success: boolean; results: RateLimitResult[] }> {
    const limiters = checks.map(({ limiter }) => limiter.#limiter)
    const [first] = limiters
    if (first === undefined) return { success: true, results: [] }
    const ids = checks.map(({ id }) => id)
    const rates = checks.map(({ rate }) => rate)
    const results: RateLimitResult[] = await call(first, 'limitAll', revive, limiters, ids, rates)
    return { success: results.every(({ success }) => success), results }
  }

  /**
   * How much `id` has left. It counts nothing.
   * @example const { remaining } = await limiter.getRemaining(userId)
   */
  getRemaining(id: string): Promise<RemainingTokens> {
    return call(this.#limiter, 'getRemaining', json, id)
  }

  /**
   * Gives back what a request has consumed, as when it failed for another reason.
   * @default rate 1
   * @example await limiter.refund(userId)
   */
  refund(id: string, rate?: number): Promise<void> {
    return call(this.#limiter, 'refund', none, id, rate)
  }

  /**
   * Forgets what `id` has consumed.
   * @example await limiter.resetUsedTokens(userId)
   */
  resetUsedTokens(id: string): Promise<void> {
    return call(this.#limiter, 'resetUsedTokens', none, id)
  }

  /**
   * Waits until the limit admits a request of `id`, and counts it; at most `timeoutMs`. Then it resolves to the denial.
   * @example const { success } = await limiter.blockUntilReady('import', 30_000)
   */
  async blockUntilReady(id: string, timeoutMs: number): Promise<RateLimitResult> {
    const end = performance.now() + timeoutMs
    for (;;) {
      const result = await this.limit(id)
      const left = end - performance.now()
      if (result.success || !(left > 0)) return result
      const pauseMs = result.retryAfterMs * (1 + JITTER * Math.random())
      await new Promise((resume) => setTimeout(resume, Math.min(Math.max(pauseMs, 1), left)))
    }
  }

  /**
   * Denies everything to `id` for so many seconds, on all instances. Needs the option `blocking`.
   * @example await limiter.block(address, 3600)
   */
  block(id: string, seconds: number): Promise<void> {
    return call(this.#limiter, 'block', none, id, seconds)
  }

  /**
   * Ends a block.
   * @example await limiter.unblock(address)
   */
  unblock(id: string): Promise<void> {
    return call(this.#limiter, 'unblock', none, id)
  }

  /**
   * Replaces the limit of all ids, on all instances; `false` ends that. Needs the option `dynamicLimits`.
   * @example await limiter.setDynamicLimit({ limit: 5 })
   */
  setDynamicLimit(options: { limit: number | false }): Promise<void> {
    return call(this.#limiter, 'setDynamicLimit', none, options?.limit)
  }

  /**
   * What has replaced the limit; `dynamicLimit` is `null` if nothing has.
   * @example const { dynamicLimit } = await limiter.getDynamicLimit()
   */
  async getDynamicLimit(): Promise<{ dynamicLimit: number | null }> {
    const dynamicLimit: number | null = await call(this.#limiter, 'getDynamicLimit', raw)
    return { dynamicLimit }
  }
}
