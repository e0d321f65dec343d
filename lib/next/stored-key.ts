import { createHash } from 'node:crypto'

import { FormCache } from '../form-cache.js'
import { print } from '../log.js'

/** A key that two different lists of parts never share. Hashed, because a scope or a path can be long. */
export function storedKey(...parts: [string, ...string[]]): string {
  return createHash('sha256')
    .update(FormCache.key(...parts))
    .digest('base64url')
}

let hasWarned = false

/** Warns once that nothing tells the tenants of an application apart. */
export function warnWithoutScope(name: string): void {
  if (hasWarned) return
  hasWarned = true
  print([
    'warn',
    `${name} has no scope, so a key of one user would show the answer of another who sends the same key; pass { scope: (...) => userId }`,
  ])
}
