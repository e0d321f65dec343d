import { redisManager } from './redis'

/** All that the status page shows: what is added here is on the page and in `/api/health`. */
export async function readHealth() {
  const health = await redisManager.healthCheck()
  return {
    health,
    stats: redisManager.getCacheStats(),
    metrics: redisManager.getMetrics(),
    checkedAt: new Date().toISOString(),
  }
}

export type Health = Awaited<ReturnType<typeof readHealth>>
