// This package without Redis, with bounds wide enough for all entries.

import { redisManager } from 'redlatch'

export function open(entries) {
  redisManager.configure({
    memory: { maxEntries: 2 * entries, maxBytes: Math.max(2 ** 26, 1024 * entries) },
  })
  return {
    get: (key) => redisManager.get(key),
    set: (key, value, seconds) => redisManager.set(key, value, seconds),
    fill: (key, value, seconds) => redisManager.set(key, value, seconds),
  }
}
