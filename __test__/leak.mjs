// Makes 1,000,000 calls on memory and 300,000 on Redis, and fails if resident memory, but for V8's young generation,
// has grown by more than 10 MB.
// Run with `node --expose-gc __test__/leak.mjs`. The gateway of the Redis part is started here, unless
// REDLATCH_TEST_GATEWAY holds the line that a running one has printed.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import { FormCache, IdempotencyCache, redisManager } from 'redlatch'
import spawning from '../tools/gateway/spawn.js'

const LIMIT_MB = 10
const KEYS = 500

const claim = {
  eventId: 'evt_1',
  guestEmail: 'guest@example.com',
  startTime: 's',
  timestamp: 1,
  notes: ['a', {}],
}
const submission = { ...claim, status: 'processing' }
const result = { url: 'https://example.com/done', items: [{ id: 1, name: 'é😀' }], total: 12.5 }

/** One call of each kind, those that reject included, on one of the keys. */
const round = [
  (key) => redisManager.set(key, 'value', 600),
  (key) => redisManager.get(key),
  (key) => redisManager.setNx(key, 'value', 600),
  (key) => redisManager.mget([key, key]),
  (key) => rejected(redisManager.incr(key), 'ERR_REDIS_REPLY'),
  (key) => rejected(redisManager.set(key, 7), 'ERR_INVALID_ARG_TYPE'),
  (key) => rejected(IdempotencyCache.set(key, { big: 1n }), 'ERR_INVALID_ARG_VALUE'),
  (key) => IdempotencyCache.set(key, result),
  (key) => IdempotencyCache.get(key),
  (key) => FormCache.set(key, submission),
  (key) => FormCache.tryAcquireProcessing(key, claim),
  (key) => FormCache.markFailed(key),
  (key) => FormCache.get(key),
  (key) => FormCache.isProcessing(FormCache.generateKey(key, ' Guest@Example.com ', 's')),
  (key) => rejected(FormCache.set(key, {}), 'ERR_INVALID_ARG_VALUE'),
  (key) => FormCache.delete(key),
]

async function rejected(call, code) {
  try {
    await call
  } catch (error) {
    if (error.code === code) return
    throw error
  }
  throw new Error(`a call was expected to reject with ${code}`)
}

/** Makes about `calls` calls, some hundred at a time. */
async function make(calls) {
  const rounds = Math.ceil(calls / round.length)
  for (let done = 0; done < rounds; done += 20) {
    const pending = []
    for (let number = done; number < done + 20; number += 1) {
      for (const call of round) pending.push(call(`leak-${number % KEYS}`))
    }
    await Promise.all(pending)
  }
}

/** What V8 keeps for new objects: it doubles now and then up to a bound of its own, whatever the code does. */
function youngGeneration() {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith('new_'))
  return spaces.reduce((sum, space) => sum + space.physical_space_size, 0)
}

async function residentMb() {
  for (let times = 0; times < 5; times += 1) {
    globalThis.gc()
    await nextTurn()
  }
  return (process.memoryUsage.rss() - youngGeneration()) / 2 ** 20
}

async function measure(store, calls) {
  await make(calls / 4)
  const before = await residentMb()
  const start = performance.now()
  await make(calls)
  const seconds = (performance.now() - start) / 1000
  const after = await residentMb()
  const grown = after - before
  const figures = `${before.toFixed(1)} MB, then ${after.toFixed(1)} MB (${grown.toFixed(1)} MB more)`
  process.stdout.write(`${store}: ${calls} calls in ${seconds.toFixed(1)} s: ${figures}\n`)
  if (grown > LIMIT_MB) process.exitCode = 1
}

if (!globalThis.gc) throw new Error('run with node --expose-gc')

redisManager.configure({ memory: { maxEntries: 10_000 } })
await measure('memory', 1_000_000)

const line = process.env.REDLATCH_TEST_GATEWAY
const { address, stop } = line ? { address: JSON.parse(line) } : await spawning.spawnGateway()
redisManager.configure({ url: address.url, token: address.token })
await measure('Redis', 300_000)
if (redisManager.getCacheStats().cacheType !== 'Redis') throw new Error('Redis was not used')
await redisManager.close()
await stop?.()
