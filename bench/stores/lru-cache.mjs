// lru-cache behind asynchronous functions, as it has to be where Redis may take its place.

import { LRUCache } from 'lru-cache'

export function open(entries) {
  const cache = new LRUCache({ max: 2 * entries })
  return {
    get: async (key) => cache.get(key) ?? null,
    set: async (key, value, seconds) => {
      cache.set(key, value, { ttl: seconds * 1000 })
    },
    fill: (key, value, seconds) => cache.set(key, value, { ttl: seconds * 1000 }),
  }
}
