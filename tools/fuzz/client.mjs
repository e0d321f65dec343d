// The client process: calls the package without end, and checks what comes back.

import { setTimeout as pause } from 'node:timers/promises'

import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'

import { Random } from '../chaos/random.mjs'

const [url, seed] = process.argv.slice(2)
const TIMEOUT_MS = 300
/** For timers and garbage collection on a busy machine. */
const SLACK_MS = 400
const MAX_GROWTH_MB = 250
const RECOVERY_MS = 20_000
/** Part of every key, value and token. */
const SECRET = 's3cr3t'

const figures = { calls: 0, rejected: 0, longestMs: 0 }
const tell = (problem) => process.send({ problem })

let isHostile = true
process.on('message', () => {
  isHostile = false
})
process.on('unhandledRejection', (error) => tell(`unhandled rejection: ${error?.stack ?? error}`))
process.on('uncaughtException', (error) => tell(`uncaught exception: ${error?.stack ?? error}`))

function checkText(text) {
  if (text.includes(SECRET)) tell(`a text holds a secret: ${text}`)
}
for (const level of ['info', 'warn', 'error']) console[level] = (text) => checkText(String(text))

const random = new Random(Number(seed))
const key = () => `${SECRET}:${random.pick(['absent', 'a@b.c', 'x y', '"q"'])}:${random.between(1, 20)}`
const form = () => ({
  eventId: SECRET,
  guestEmail: `${SECRET}@example.com`,
  startTime: 's',
  status: 'processing',
  timestamp: 1,
})
const calls = [
  () => redisManager.get(key()),
  () => redisManager.mget([key(), key()]),
  () => redisManager.set(key(), SECRET.repeat(random.between(1, 50)), 60),
  () => redisManager.setNx(key(), SECRET, 60),
  () => redisManager.incr(key()),
  () => redisManager.expire(key(), 60),
  () => redisManager.exists(key()),
  () => redisManager.del(key()),
  () => IdempotencyCache.get(key()),
  () => IdempotencyCache.set(key(), { secret: SECRET }),
  () => FormCache.tryAcquireProcessing(key(), form(), 60),
  () => FormCache.markCompleted(key()),
  () => FormCache.delete(key()),
  () => CustomerCache.getCustomer(key()),
  () => redisManager.healthCheck(),
]

async function call() {
  const start = performance.now()
  try {
    const answer = await random.pick(calls)()
    if (answer?.error) checkText(answer.error)
  } catch (error) {
    figures.rejected += 1
    checkText(`${error.message} ${error.stack.replace(/^ +at .*$/gm, '')}`)
    if (error.code === 'ERR_INTERNAL' || error.code === undefined) tell(`an internal error: ${error.message}`)
  }
  const took = performance.now() - start
  figures.calls += 1
  figures.longestMs = Math.max(figures.longestMs, took)
  if (took > TIMEOUT_MS + SLACK_MS) tell(`a call took ${took.toFixed(0)} ms`)
}

redisManager.configure({ url, token: SECRET, timeoutMs: TIMEOUT_MS, maxResponseBytes: 2 ** 20 })
globalThis.gc()
const before = process.memoryUsage.rss() / 2 ** 20
let most = before
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss() / 2 ** 20)
}, 50)

await Promise.all(
  Array.from({ length: 40 }, async () => {
    while (isHostile) {
      await call()
      await pause(random.between(0, 5))
    }
  }),
)
clearInterval(watch)
if (most - before > MAX_GROWTH_MB) tell(`memory grew from ${before.toFixed(0)} to ${most.toFixed(0)} MB`)

const metrics = redisManager.getMetrics()
checkText(JSON.stringify(metrics))
const end = performance.now() + RECOVERY_MS
while (!redisManager.getCacheStats().isRedisAvailable && performance.now() < end) await pause(20)
if (!redisManager.getCacheStats().isRedisAvailable) tell('it did not recover')
const pending = await redisManager.drain(RECOVERY_MS)
if (pending > 0) tell(`${pending} writes are still pending`)
await redisManager.set(SECRET, 'v', 60)
if ((await redisManager.get(SECRET)) !== `{"value":"${SECRET.length}"}`)
  tell('it does not read from Redis again')
const { retries, conflicts, uncertain } = redisManager.getMetrics()
process.send({
  figures: {
    ...figures,
    mostMb: Math.round(most),
    retries,
    conflicts,
    uncertain,
    lastError: metrics.lastError?.code,
  },
})
await redisManager.close()
process.disconnect()
