// Runs on the platform under test, in a project in which the package is installed, with a gateway to a real Redis. The
// process has to end by itself.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'

import { ended, startWorker } from './start-worker.mjs'

const {
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: token,
  REDLATCH_CONTROL_URL: control,
} = process.env
const unique = (name) => `${name}-${process.pid}-${Date.now()}`
const claim = { eventId: 'event', guestEmail: 'guest@example.com', startTime: 'start', timestamp: 1 }

/** What Redis itself has, asked without the package. */
async function stored(key) {
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(['GET', key]) })
  return (await response.json()).result
}

async function setFault(fault) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${control}/faults`, { method: 'POST', headers, body: JSON.stringify(fault) })
  assert.ok(response.ok)
}

const clearFaults = () => fetch(`${control}/faults`, { method: 'DELETE' })

before(() =>
  console.log(`# ${process.platform} ${process.arch}, Node ${process.version}, ${new URL(url).protocol}`),
)
after(clearFaults)

test('the settings of the environment lead to Redis', async () => {
  const key = unique('environment')

  await redisManager.set(key, 'Jürgen 山田 🙂', 60)

  assert.equal(redisManager.getCacheStats().cacheType, 'Redis')
  assert.equal((await redisManager.healthCheck()).status, 'healthy')
  assert.equal(await redisManager.get(key), 'Jürgen 山田 🙂')
  assert.equal(await stored(key), 'Jürgen 山田 🙂')
})

test('the three caches work on Redis', async () => {
  const name = unique('caches')
  await IdempotencyCache.set(name, { url: '/' })
  await CustomerCache.setUserMapping(name, 'cus_1')
  let runs = 0

  const claims = await Promise.all([1, 2].map(() => FormCache.tryAcquireProcessing(name, claim)))
  const results = await Promise.all([1, 2].map(() => IdempotencyCache.run(`${name}-run`, async () => ++runs)))

  assert.deepEqual(claims, [true, false])
  assert.deepEqual(results, [1, 1])
  assert.deepEqual(await IdempotencyCache.get(name), { url: '/' })
  assert.equal(await CustomerCache.getCustomerByUserId(name), 'cus_1')
})

test('20,000 writes of one turn all reach Redis', async () => {
  const name = unique('many')
  const keys = Array.from({ length: 20_000 }, (_, index) => `${name}-${index}`)

  await Promise.all(keys.map((key) => redisManager.set(key, key, 60)))

  assert.deepEqual(await Promise.all(keys.map((key) => redisManager.get(key))), keys)
  assert.equal(await stored(keys.at(-1)), keys.at(-1))
})

test('what Redis refuses rejects with its code', async () => {
  const name = unique('text')
  await redisManager.set(name, 'text', 60)

  await assert.rejects(redisManager.incr(name), { name: 'Error', code: 'ERR_REDIS_REPLY' })
})

test('in an outage memory answers, and the writes are replayed afterwards', async () => {
  const [key, other] = [unique('before'), unique('during')]
  await redisManager.set(key, 'before', 60)
  await setFault({ fault: 'refuse' })

  await redisManager.set(key, 'during', 60)
  const claims = await Promise.all([1, 2].map(() => FormCache.tryAcquireProcessing(other, claim)))

  assert.equal(redisManager.getCacheStats().cacheType, 'In-Memory')
  assert.deepEqual(claims, [true, false])
  assert.equal(await redisManager.get(key), 'during')
  const { status, code } = await redisManager.healthCheck()
  assert.deepEqual([status, code], ['unhealthy', 'connect'])

  await clearFaults()
  assert.equal(await redisManager.drain(30_000), 0)
  assert.equal(await stored(key), 'during')
  assert.equal(redisManager.getCacheStats().cacheType, 'Redis')
})

test('with onOutage reject, an outage rejects with its code', async () => {
  redisManager.configure({ url, token, onOutage: { idempotency: 'reject' } })
  await setFault({ fault: 'refuse' })

  await assert.rejects(IdempotencyCache.get(unique('refused')), {
    name: 'Error',
    code: 'ERR_REDIS_UNAVAILABLE',
  })

  await clearFaults()
  await redisManager.close()
})

test('four worker threads use Redis at once, and each ends by itself', async () => {
  const source = `
    const main = async () => {
      const keys = Array.from({ length: 50 }, (_, index) => name + index)
      await Promise.all(keys.map((key) => redisManager.set(key, 'value', 60)))
      parentPort.postMessage(await redisManager.get(keys[49]))
    }
    main()`
  const name = unique('threads')

  const workers = await Promise.all(
    [1, 2, 3, 4].map((index) => ended(startWorker(source, `${name}-${index}`))),
  )

  assert.deepEqual(workers, Array(4).fill(['value', 0]))
  assert.equal(await stored(`${name}-4${'49'}`), 'value')
})
