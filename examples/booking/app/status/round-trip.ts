'use server'

import { randomUUID } from 'node:crypto'
import { redisManager } from '@/lib/redis'

/** Writes a value and reads it back; says where that happened and how long it took. */
export async function checkRoundTrip(): Promise<string> {
  const key = `booking:round-trip:${randomUUID()}`
  const start = performance.now()
  await redisManager.set(key, 'here', 60)
  const isBack = (await redisManager.get(key)) === 'here'
  const took = (performance.now() - start).toFixed(1)
  await redisManager.del(key)
  const where = redisManager.getCacheStats().cacheType
  return isBack ? `Written and read back in ${took} ms (${where}).` : 'The value did not come back.'
}
