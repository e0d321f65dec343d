import { randomUUID } from 'node:crypto'
import { SessionCache, type SessionCacheOptions } from 'redlatch'

/** What the sessions of the tests hold. */
export interface Data {
  userId: string
  n?: number
  [field: string]: unknown
}

/** A user whom no other test has. */
export const uniqueUser = (): string => `user-${randomUUID()}`

/** Sessions that no other test has. */
export function uniqueSessions(options: SessionCacheOptions = {}): SessionCache<Data> {
  return new SessionCache<Data>({ prefix: `test-${randomUUID()}:`, ...options })
}
