/** Why a run or a lock has no result for its caller. */
export type IdempotencyErrorCode =
  /** Another caller still does the work. Try again after `retryAfterMs`. */
  | 'ERR_IDEMPOTENCY_IN_PROGRESS'
  /** The work has failed, and its error was stored. The error's `cause` is that error. */
  | 'ERR_IDEMPOTENCY_FAILED'
  /** The key belongs to a request with another fingerprint. */
  | 'ERR_IDEMPOTENCY_MISMATCH'
  /** The work is done, but its result could not be stored. */
  | 'ERR_IDEMPOTENCY_NO_RESULT'
  /** Another may hold the lease by now, or the work has taken longer than `maxRunMs`. The reason of `signal`. */
  | 'ERR_LEASE_LOST'
  /** A lock was not free within `waitMs`. */
  | 'ERR_LOCK_TIMEOUT'

const messages: Record<IdempotencyErrorCode, string> = {
  ERR_IDEMPOTENCY_IN_PROGRESS: 'the work for this key goes on elsewhere; try again after retryAfterMs',
  ERR_IDEMPOTENCY_FAILED: 'the work for this key has failed; see the cause, and use a new key to try again',
  ERR_IDEMPOTENCY_MISMATCH: 'this key belongs to another request; use a new key for a new request',
  ERR_IDEMPOTENCY_NO_RESULT: 'the work for this key is done, but its result could not be stored',
  ERR_LEASE_LOST: 'the lease is lost or maxRunMs is over, and another caller may do the work; stop it',
  ERR_LOCK_TIMEOUT: 'the lock was not free within waitMs; wait longer, or do less while it is held',
}

/**
 * What `IdempotencyCache.run` and `withLock` reject with, besides what the work itself throws.
 * @example if (error instanceof IdempotencyError && error.code === 'ERR_IDEMPOTENCY_IN_PROGRESS') return retryLater(error.retryAfterMs)
 */
export class IdempotencyError extends Error {
  override readonly name = 'IdempotencyError'
  readonly code: IdempotencyErrorCode
  /** When another try makes sense, in milliseconds. Only while the work goes on. */
  readonly retryAfterMs: number | undefined

  constructor(code: IdempotencyErrorCode, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(messages[code], 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }
}
