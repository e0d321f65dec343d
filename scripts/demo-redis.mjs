// The Redis of the demonstrations.

import gateways from '../tools/gateway/spawn.js'
import { buildGateway, tryInstallRedis } from './setup.mjs'

/**
 * Starts a Redis behind a gateway; its environment leads a program to both. It is empty where the environment names a Redis
 * already, and where there is none to start: then memory answers.
 */
export async function startRedis() {
  const none = { environment: {}, stop: () => undefined }
  if (process.env.UPSTASH_REDIS_REST_URL || process.env.UPSTASH_REDIS_REST_TOKEN) return none
  if (!tryInstallRedis()) {
    console.log('Redis: none, memory answers (put redis-server 7 on the PATH to have one)')
    return none
  }
  buildGateway()
  const { address, stop } = await gateways.spawnGateway()
  const environment = {
    UPSTASH_REDIS_REST_URL: address.url,
    UPSTASH_REDIS_REST_TOKEN: address.token,
    DEMO_CONTROL_URL: address.controlUrl,
  }
  return { environment, stop }
}
