import { json, type Revive } from './calls.js'
import { makeError, type RedlatchErrorCode } from './errors.js'

/** Returns a stored value as a `T`, or throws: a function, or an object with this method, such as a schema of zod. */
export type Parser<T> = ((value: unknown) => T) | { parse(value: unknown): T }

/**
 * Revives JSON text through `parser`; without one, as it is. What is neither function nor object is not meant as one:
 * `keys.map(IdempotencyCache.get)` passes a number.
 */
export function parsed<T>(parser: Parser<T> | undefined): Revive<T | null> {
  if (typeof parser === 'function') return (text) => parseOrNull(json(text), parser)
  if (typeof parser !== 'object' || parser === null) return json
  try {
    if (typeof parser.parse !== 'function') {
      return refuse(
        'ERR_INVALID_ARG_TYPE',
        'parse must be a function or have a method of that name, got an object without one',
      )
    }
  } catch (cause) {
    return refuse(
      'ERR_INVALID_ARG_VALUE',
      "parse cannot be used: reading its method of that name throws; see the error's cause",
      { cause },
    )
  }
  return (text) => parseOrNull(json(text), (value) => parser.parse(value))
}

function parseOrNull<T>(value: unknown, parse: (value: unknown) => T): T | null {
  if (value === null) return null
  try {
    return parse(value)
  } catch {
    return null
  }
}

/** Refuses the parser once there is a result: a call never throws at once. */
function refuse(code: RedlatchErrorCode, message: string, options?: { cause: unknown }): Revive<never> {
  return () => {
    throw makeError('TypeError', code, message, options)
  }
}
