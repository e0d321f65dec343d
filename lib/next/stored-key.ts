import { createHash } from 'node:crypto'

/** A key that two different lists of parts never share: each part comes with its length. */
export function storedKey(...parts: string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part},`)
  return hash.digest('base64url')
}

let hasWarned = false

/** Warns once that nothing tells the tenants of an application apart. */
export function warnWithoutScope(name: string): void {
  if (hasWarned) return
  hasWarned = true
  console.warn(
    `redlatch: ${name} has no scope, so a key of one user would show the answer of another who sends the same key; pass { scope: (...) => userId }`,
  )
}
