import { makeError } from './errors.js'
import { IdempotencyError } from './idempotency-error.js'
import { withResolvers } from './with-resolvers.js'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000

/** How long a caller waits for another one. */
export class Wait {
  readonly #end: number
  #pauseMs = FIRST_PAUSE_MS

  constructor(waitMs = 10_000) {
    if (typeof waitMs !== 'number' || !(waitMs >= 0)) {
      throw makeError('RangeError', 'ERR_INVALID_ARG_VALUE', 'options.waitMs must be a number of at least 0')
    }
    this.#end = performance.now() + waitMs
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
    const left = this.#end - performance.now()
    if (left <= 0) throw this.#tooLong(code)
    const jitter = 0.8 + Math.random() * 0.4
    await new Promise((resume) => setTimeout(resume, Math.min(left, this.#pauseMs * jitter)))
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  #tooLong(code: 'ERR_IDEMPOTENCY_IN_PROGRESS' | 'ERR_LOCK_TIMEOUT'): IdempotencyError {
    return new IdempotencyError(code, { retryAfterMs: LONGEST_PAUSE_MS })
  }
}
