// @upstash/redis with its defaults: it pipelines what is called in one turn, and parses values that are JSON.

import { Redis } from '@upstash/redis'
import { byHand } from './by-hand.mjs'

export async function connect({ url, token }) {
  const redis = new Redis({ url, token })
  await redis.ping()
  const get = (key) => redis.get(key)
  const set = (key, value, seconds) => redis.set(key, value, { ex: seconds })
  const claim = async (key, value, seconds) =>
    (await redis.set(key, value, { ex: seconds, nx: true })) === 'OK'
  const asIs = (value) => value
  return { get, set, caches: byHand({ get, set, claim, parse: asIs }) }
}
