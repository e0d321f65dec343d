// What `redlatch/testing` gives: memory as the tests of an app need it. Both functions are for memory mode, so that no test
// empties a database.

import { callNow, open, realm } from './calls.js'

/**
 * Forgets everything, and from then on this test file has a memory of its own, which other threads do not share.
 * Throws `ERR_REDIS_CONFIGURED` when Redis is configured.
 * @example beforeEach(() => reset())
 * @see docs/testing.md
 */
export function reset(): void {
  callNow(() => {
    open()
    realm.reset()
  })
}

/**
 * Moves the time by which entries in memory expire ahead, whatever fake timers say. Throws `ERR_REDIS_CONFIGURED` when
 * Redis is configured.
 * @example
 * await FormCache.markCompleted(key)
 * advanceBy(5)
 * expect(await FormCache.get(key)).toBeNull()
 * @see docs/testing.md
 */
export function advanceBy(seconds: number): void {
  callNow(() => {
    open()
    realm.advanceBy(seconds)
  })
}
