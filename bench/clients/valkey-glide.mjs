// @valkey/valkey-glide with its defaults, straight to Redis. It has a Rust core as well.

import { GlideClient, TimeUnit } from '@valkey/valkey-glide'
import { byHand } from './by-hand.mjs'

export async function connect({ redisUrl }) {
  const { hostname, port } = new URL(redisUrl)
  const client = await GlideClient.createClient({ addresses: [{ host: hostname, port: Number(port) }] })
  const ttl = (seconds) => ({ type: TimeUnit.Seconds, count: seconds })
  const get = (key) => client.get(key)
  const set = (key, value, seconds) => client.set(key, value, { expiry: ttl(seconds) })
  const claim = async (key, value, seconds) => {
    const options = { expiry: ttl(seconds), conditionalSet: 'onlyIfDoesNotExist' }
    return (await client.set(key, value, options)) === 'OK'
  }
  return { get, set, caches: byHand({ get, set, claim }) }
}
