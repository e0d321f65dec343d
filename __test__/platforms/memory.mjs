// Runs on the platform under test, in a project in which the package is installed, without Redis. The process has to end by
// itself.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import redlatch, { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { advanceBy } from 'redlatch/testing'

import { ended, startWorker } from './start-worker.mjs'

const claim = { eventId: 'event', guestEmail: 'guest@example.com', startTime: 'start', timestamp: 1 }

test('require gives the caches that import gives', () => {
  const required = createRequire(import.meta.url)('redlatch')

  assert.equal(redlatch, redisManager)
  assert.equal(required.redisManager, redisManager)
  assert.equal(required.FormCache, FormCache)
})

test('without settings, the caches are on memory', async () => {
  assert.equal(redisManager.getCacheStats().cacheType, 'In-Memory')
  assert.equal((await redisManager.healthCheck()).mode, 'in-memory')
})

test('work runs once for a key, and both callers get its result', async () => {
  let runs = 0
  const work = async () => ({ run: ++runs })

  const results = await Promise.all([1, 2].map(() => IdempotencyCache.run('work', work)))

  assert.deepEqual(results, [{ run: 1 }, { run: 1 }])
})

test('of twenty claims of a form at once, one is granted', async () => {
  const claims = Array.from({ length: 20 }, () => FormCache.tryAcquireProcessing('form', claim))

  assert.equal((await Promise.all(claims)).filter(Boolean).length, 1)
})

test('a customer keeps text of every script', async () => {
  await CustomerCache.setUserMapping('Jürgen 山田 🙂', 'cus_1')

  assert.equal(await CustomerCache.getCustomerByUserId('Jürgen 山田 🙂'), 'cus_1')
})

test('an entry is gone once its time is over, and not before', async () => {
  await redisManager.set('short', 'value', 60)

  advanceBy(59)
  assert.equal(await redisManager.get('short'), 'value')
  advanceBy(1)
  assert.equal(await redisManager.get('short'), null)
})

test('20,000 writes of one turn are all kept', async () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `many-${index}`)

  await Promise.all(keys.map((key) => redisManager.set(key, key, 60)))

  assert.deepEqual(await Promise.all(keys.map((key) => redisManager.get(key))), keys)
})

test('wrong arguments reject with their class and code', async () => {
  await assert.rejects(redisManager.set(), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(redisManager.set('', 'value'), { name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE' })
  await assert.rejects(FormCache.tryAcquireProcessing('key', {}), {
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_VALUE',
  })
  assert.ok((await redisManager.set('', 'value').catch((error) => error)) instanceof RangeError)
})

test('of simultaneous claims in four worker threads one is granted, and each thread ends by itself', async () => {
  const source = `
    const claim = { eventId: 'e', guestEmail: 'g@example.com', startTime: 's', timestamp: 1 }
    Promise.all(Array.from({ length: 20 }, () => FormCache.tryAcquireProcessing(name, claim)))
      .then((granted) => parentPort.postMessage(granted.filter(Boolean).length))`

  const workers = await Promise.all([1, 2, 3, 4].map(() => ended(startWorker(source, 'threads'))))

  assert.equal(
    workers.reduce((sum, [granted]) => sum + granted, 0),
    1,
  )
  assert.deepEqual(
    workers.map(([, code]) => code),
    [0, 0, 0, 0],
  )
})

test('a worker thread that is terminated amid its calls leaves the others well', async () => {
  const endless = `
    const main = async () => {
      for (let round = 0; ; round += 1) {
        await Promise.all(Array.from({ length: 100 }, (_, index) => redisManager.set(name + index, 'value', 60)))
        await new Promise(setImmediate)
        if (round === 1) parentPort.postMessage('busy')
      }
    }
    main()`
  const worker = startWorker(endless, 'endless')
  await once(worker, 'message')

  assert.equal(await worker.terminate(), 1)
  await redisManager.set('after', 'value', 60)
  assert.equal(await redisManager.get('after'), 'value')
})
