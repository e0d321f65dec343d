import { json, type Revive } from './calls.js'
import { makeError } from './errors.js'

/** Returns a stored value as a `T`, or throws: a function, or an object with this method, such as a schema of zod. */
export type Parser<T> = ((value: unknown) => T) | { parse(value: unknown): T }

/**
 * Revives JSON text through `parser`; without one, as it is. What is neither function nor object is not meant as one:
 * `keys.map(IdempotencyCache.get)` passes a number.
 */
export function parsed<T>(parser: Parser<T> | undefined): Revive<T | null> {
  if (typeof parser === 'function') return (text) => parseOrNull(json(text), parser)
  if (typeof parser !== 'object' || parser === null) return json
  if (typeof parser.parse !== 'function') return refuseParser
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

function refuseParser(): never {
  const message = 'parse must be a function or have a method of that name, got an object without one'
  throw makeError('TypeError', 'ERR_INVALID_ARG_TYPE', message)
}
