import { makeError } from './errors.js'
import { IdempotencyError } from './idempotency-error.js'
import { withResolvers } from './with-resolvers.js'

const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000
const PAUSE_PER_WAITED = 0.1
const JITTER = 0.2

/**
 * The pause before the next look at another process's run, in milliseconds. Most work is short, so the first second has a
 * look every 100 ms. Then a pause is a tenth of the time waited, at most a second: a result is found at most about a tenth
 * later, and long work is not asked for often. `random` is from 0 to 1 and spreads callers that arrive together.
 */
export function pauseAfter(waitedMs: number, random: number): number {
  const pauseMs = Math.min(Math.max(waitedMs * PAUSE_PER_WAITED, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS)
  return pauseMs * (1 - JITTER + 2 * JITTER * random)
}

/** How long a caller waits for another one. */
export class Wait {
  readonly #start = performance.now()
  readonly #end: number

  constructor(waitMs = 10_000) {
    if (typeof waitMs !== 'number' || !(waitMs >= 0)) {
      throw makeError('RangeError', 'ERR_INVALID_ARG_VALUE', 'options.waitMs must be a number of at least 0')
    }
    this.#end = this.#start + waitMs
  }

  /** Waits for a promise of this process, as long as there is time. */
  async for<T>(promise: Promise<T>): Promise<T> {
    const { promise: late, reject } = withResolvers<never>()
    const timer = setTimeout(
      () => reject(this.#tooLong('ERR_IDEMPOTENCY_IN_PROGRESS')),
      Math.max(0, this.#end - performance.now()),
    )
    try {
      return await Promise.race([promise, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Pauses before the next look at another process's run. */
  async pause(code: 'ERR_IDEMPOTENCY_IN_PROGRESS' | 'ERR_LOCK_TIMEOUT'): Promise<void> {
    const now = performance.now()
    const left = this.#end - now
    if (left <= 0) throw this.#tooLong(code)
    const pauseMs = pauseAfter(now - this.#start, Math.random())
    await new Promise((resume) => setTimeout(resume, Math.min(left, pauseMs)))
  }

  #tooLong(code: 'ERR_IDEMPOTENCY_IN_PROGRESS' | 'ERR_LOCK_TIMEOUT'): IdempotencyError {
    return new IdempotencyError(code, { retryAfterMs: LONGEST_PAUSE_MS })
  }
}
