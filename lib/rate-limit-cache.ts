import { addon } from './addon.js'
import { call, json, none, realm } from './calls.js'

const attempts = new addon.RateLimitCache(realm)

/** What `checkRateLimit` resolves to. */
export interface RateLimitCheck {
  /** Whether there are fewer than `maxAttempts`. */
  allowed: boolean
  /** How many more are allowed. */
  remaining: number
  /** When the oldest attempt leaves the window, in Unix milliseconds; without one, the end of a window that begins now. */
  resetTime: number
  /** The attempts within the window. */
  totalHits: number
}

/** What `getRateLimitStatus` resolves to. */
export interface AttemptStatus {
  /** The attempts within the window. */
  attempts: number
  /** How many more are allowed. */
  remaining: number
  /** When the oldest attempt leaves the window, in Unix milliseconds; without one, the end of a window that begins now. */
  resetTime: number
  /** Whether there are `maxAttempts` or more. */
  blocked: boolean
}

/**
 * Counts attempts, for code that has it. To check and to record are two calls: of ten callers at once all can be allowed
 * before the first of them records. `RateLimiter.limitAll` checks and counts several limits in one atomic request.
 * @see docs/rate-limits.md
 */
export class RateLimitCache {
  private constructor() {}

  /**
   * Whether fewer than `maxAttempts` were recorded within the window. It records nothing.
   * @default windowSeconds 300
   * @example if (!(await RateLimitCache.checkRateLimit(`ip:${address}`, 5)).allowed) return new Response(null, { status: 429 })
   */
  static checkRateLimit(key: string, maxAttempts: number, windowSeconds?: number): Promise<RateLimitCheck> {
    return call(attempts, 'checkRateLimit', json, key, maxAttempts, windowSeconds)
  }

  /**
   * Records an attempt that is made now. None is lost, however many are recorded at once.
   * @default windowSeconds 300
   * @example await RateLimitCache.recordAttempt(`ip:${address}`)
   */
  static recordAttempt(key: string, windowSeconds?: number): Promise<void> {
    return call(attempts, 'recordAttempt', none, key, windowSeconds)
  }

  /**
   * Removes all attempts.
   * @example await RateLimitCache.resetRateLimit(`ip:${address}`)
   */
  static resetRateLimit(key: string): Promise<void> {
    return call(attempts, 'resetRateLimit', none, key)
  }

  /**
   * The attempts within the window.
   * @default windowSeconds 300
   * @example const { blocked } = await RateLimitCache.getRateLimitStatus(`ip:${address}`, 5)
   */
  static getRateLimitStatus(
    key: string,
    maxAttempts: number,
    windowSeconds?: number,
  ): Promise<AttemptStatus> {
    return call(attempts, 'getRateLimitStatus', json, key, maxAttempts, windowSeconds)
  }
}
