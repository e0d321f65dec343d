// ioredis with its defaults, straight to Redis.

import { Redis } from 'ioredis'
import { byHand } from './by-hand.mjs'

export async function connect({ redisUrl }) {
  const redis = new Redis(redisUrl)
  await redis.ping()
  const get = (key) => redis.get(key)
  const set = (key, value, seconds) => redis.set(key, value, 'EX', seconds)
  const claim = async (key, value, seconds) => (await redis.set(key, value, 'EX', seconds, 'NX')) === 'OK'
  return { get, set, caches: byHand({ get, set, claim }) }
}
