/** What went wrong, as `error.code` says it. */
export type RedlatchErrorCode =
  /** An argument has the wrong type. */
  | 'ERR_INVALID_ARG_TYPE'
  /** An argument has the right type and a wrong value. */
  | 'ERR_INVALID_ARG_VALUE'
  /** Redis refused the command. */
  | 'ERR_REDIS_REPLY'
  /** Memory is full, so the write was refused. */
  | 'ERR_FALLBACK_FULL'
  /** Redis cannot be used, and `onOutage` says `reject`; or the answer to a call is lost that takes one-time data. */
  | 'ERR_REDIS_UNAVAILABLE'
  /** Others have changed the same each time that a change was tried. */
  | 'ERR_CONFLICT'
  /** The native addon is missing or cannot be loaded. */
  | 'ERR_ADDON_NOT_LOADED'
  /** The call was made in a runtime that loads no native addon. */
  | 'ERR_UNSUPPORTED_RUNTIME'
  /** A function of `redlatch/testing` was called while Redis is configured. */
  | 'ERR_REDIS_CONFIGURED'
  /** A fault of this package. */
  | 'ERR_INTERNAL'

/**
 * An error of this package. Its class is `TypeError` or `RangeError` for a wrong argument, and `Error` otherwise.
 * @example if ((error as RedlatchError).code === 'ERR_FALLBACK_FULL') return new Response(null, { status: 503 })
 */
export interface RedlatchError extends Error {
  code: RedlatchErrorCode
}

const classes = { Error, TypeError, RangeError }

/** The name of a class that the addon's errors have. */
export type ErrorClass = keyof typeof classes

export function makeError(
  name: ErrorClass,
  code: RedlatchErrorCode,
  message: string,
  options?: { cause: unknown },
): RedlatchError {
  return Object.assign(new classes[name](message, options), { code })
}

/** The same error as an instance of the caller's own class: under Jest the addon belongs to another realm. */
export function toLocalError(error: unknown): unknown {
  if (error instanceof Error || !isForeign(error)) return error
  const local = makeError(error.name, error.code, error.message)
  if (error.stack !== undefined) local.stack = error.stack
  return local
}

function isForeign(error: unknown): error is RedlatchError & { name: ErrorClass } {
  return typeof error === 'object' && error !== null && 'name' in error && String(error.name) in classes
}
