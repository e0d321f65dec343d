import { randomUUID } from 'node:crypto'
import { isPluggedIn } from './plug'
import { redisManager } from './redis'

const VISITS = 5
const KEPT_SECONDS = 600

/** What a few visitors' calls came to, and how the caches are. */
export async function takePulse() {
  const isPlugged = await isPluggedIn()
  const start = performance.now()
  const visits = await Promise.allSettled(Array.from({ length: VISITS }, visit))
  const latencyMs = performance.now() - start
  const { state, pendingWrites, replayed } = redisManager.getMetrics()
  return {
    at: Date.now(),
    isPlugged,
    latencyMs,
    calls: 2 * VISITS,
    failed: visits.filter(({ status }) => status === 'rejected').length,
    isRedisAnswering: state === 'available',
    isOutage: state === 'degraded' || state === 'probing',
    pendingWrites,
    replayed,
  }
}

export type Pulse = Awaited<ReturnType<typeof takePulse>>

/** A write, and a read that has to see it. */
async function visit(): Promise<void> {
  const key = `demo:visit:${randomUUID()}`
  const write = redisManager.set(key, 'here', KEPT_SECONDS)
  const [, read] = await Promise.all([write, redisManager.get(key)])
  if (read !== 'here') throw new Error('a visit was forgotten')
}
