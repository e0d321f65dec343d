// The fingerprint of a request: by it, two requests with one key are told apart.

import { createHash } from 'node:crypto'

import { makeError } from './errors.js'

/** A text as it is, and an object by the SHA-256 of its JSON with sorted keys. Empty when there is none. */
export function fingerprintOf(request: string | object | undefined): string {
  if (request === undefined) return ''
  if (typeof request === 'string') return request
  if (request === null || typeof request !== 'object') {
    throw makeError('TypeError', 'ERR_INVALID_ARG_TYPE', 'options.fingerprint must be a string or an object')
  }
  return createHash('sha256').update(canonical(request)).digest('base64url')
}

/** The JSON of a value, with the keys of every object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, nested) =>
    nested !== null && typeof nested === 'object' && !Array.isArray(nested)
      ? Object.fromEntries(Object.entries(nested).sort(([one], [other]) => (one < other ? -1 : 1)))
      : nested,
  )
}
