import { randomUUID } from 'node:crypto'
import { isPluggedIn } from './plug'
import { redisManager } from './redis'

const VISITS = 5
const KEPT_SECONDS = 600

/** What a few visits came to, and how the caches are. */
export async function takePulse() {
  const isPlugged = await isPluggedIn()
  const times: number[] = []
  let failed = 0
  for (let count = 0; count < VISITS; count += 1) {
    await visit().then(
      (time) => times.push(time),
      () => {
        failed += 1
      },
    )
  }
  const { state, pendingWrites, replayed } = redisManager.getMetrics()
  return {
    at: Date.now(),
    isPlugged,
    // The median: a visit that fell into a pause of this process says nothing about the caches.
    latencyMs: times.sort((a, b) => a - b)[times.length >> 1] ?? 0,
    visits: VISITS,
    failed,
    isRedisAnswering: state === 'available',
    isOutage: state === 'degraded' || state === 'probing',
    pendingWrites,
    replayed,
  }
}

export type Pulse = Awaited<ReturnType<typeof takePulse>>

/** A write, and a read that has to see it, in one request; how many milliseconds they took. */
async function visit(): Promise<number> {
  const start = performance.now()
  const key = `demo:visit:${randomUUID()}`
  const write = redisManager.set(key, 'here', KEPT_SECONDS)
  const [, read] = await Promise.all([write, redisManager.get(key)])
  if (read !== 'here') throw new Error('a visit was forgotten')
  return performance.now() - start
}
