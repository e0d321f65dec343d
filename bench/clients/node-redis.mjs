// The package `redis` with its defaults, straight to Redis.

import { createClient } from 'redis'
import { byHand } from './by-hand.mjs'

export async function connect({ redisUrl }) {
  const redis = await createClient({ url: redisUrl }).connect()
  const ttl = (seconds) => ({ type: 'EX', value: seconds })
  const get = (key) => redis.get(key)
  const set = (key, value, seconds) => redis.set(key, value, { expiration: ttl(seconds) })
  const claim = async (key, value, seconds) =>
    (await redis.set(key, value, { expiration: ttl(seconds), condition: 'NX' })) === 'OK'
  return { get, set, caches: byHand({ get, set, claim }) }
}
