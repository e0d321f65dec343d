import { describe, expect, test } from '@jest/globals'
import { sharedGateway } from '../support/gateway'
import { outputOf } from '../support/run-node'

// In a process of their own, because what goes wrong here ends the process.

const { url, token } = sharedGateway()
const onRedis = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }
const stores: [string, Record<string, string>][] = [
  ['memory', {}],
  ['Redis', onRedis],
]

/** A script that can start workers: `start(source)`, and `exit(worker)` for their exit codes. */
const script = (main: string) => `
  const { Worker } = require('node:worker_threads')
  const { once } = require('node:events')
  const start = (source, options) => new Worker(
    "const { parentPort } = require('node:worker_threads');" +
    "const { redisManager, FormCache } = require('redlatch');" + source, { eval: true, ...options })
  const exit = async (worker) => (await once(worker, 'exit'))[0]
  const unique = 'worker-' + process.pid + Date.now()
  ;(async () => { ${main} })()`

const callALot = `
  const main = async () => {
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => redisManager.set('worker-' + index, 'value', 60)))
    }
    parentPort.postMessage(await redisManager.get('worker-0'))
  }
  main()`

describe.each(stores)('worker threads on %s', (_, env) => {
  test('several workers use the package at once, and each exits by itself', async () => {
    const output = await outputOf(
      script(`
        const workers = Array.from({ length: 4 }, () => start(${JSON.stringify(callALot)}))
        const messages = Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
        const codes = await Promise.all(workers.map(exit))
        console.log((await messages).join(), codes.join())`),
      env,
    )

    expect(output).toBe('value,value,value,value 0,0,0,0')
  })

  test('close in one thread takes nothing from the others', async () => {
    const output = await outputOf(
      script(`
        const { redisManager } = require('redlatch')
        const isFirst = await redisManager.setNx(unique, 'claim', 60)
        const worker = start("redisManager.get('any').then(() => redisManager.close()).then(() => redisManager.get('any'))")
        const sets = []
        worker.on('online', () => {
          for (let i = 0; i < 200; i += 1) sets.push(redisManager.set(unique + i, 'value', 60))
        })
        await exit(worker)
        await Promise.all(sets)
        console.log(sets.length, isFirst, await redisManager.setNx(unique, 'claim', 60))`),
      env,
    )

    expect(output).toBe('200 true false')
  })

  test('threads with the same settings see the same values', async () => {
    const output = await outputOf(
      script(`
        const { redisManager } = require('redlatch')
        await redisManager.set(unique, 'from main', 60)
        const worker = start("const { workerData } = require('node:worker_threads');" +
          "redisManager.get(workerData).then(async (value) => {" +
          "await redisManager.set(workerData, 'from worker', 60); parentPort.postMessage(value) })",
          { workerData: unique })
        const [[value]] = await Promise.all([once(worker, 'message'), exit(worker)])
        console.log(value + ',' + await redisManager.get(unique))`),
      env,
    )

    expect(output).toBe('from main,from worker')
  })

  test('of simultaneous claims in several threads one is granted', async () => {
    const output = await outputOf(
      script(`
        require('redlatch').redisManager.getCacheStats()
        const source = "const { workerData } = require('node:worker_threads');" +
          "const claim = { eventId: 'e', guestEmail: 'a@b.c', startTime: 's', timestamp: 1 };" +
          "Promise.all(Array.from({ length: 20 }, () => FormCache.tryAcquireProcessing(workerData, claim)))" +
          ".then((granted) => parentPort.postMessage(granted.filter(Boolean).length))"
        const workers = Array.from({ length: 4 }, () => start(source, { workerData: unique }))
        const counts = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
        console.log(counts.reduce((a, b) => a + b))`),
      env,
    )

    expect(output).toBe('1')
  })

  test('what a worker has stored outlives it', async () => {
    const output = await outputOf(
      script(`
        const { redisManager } = require('redlatch')
        const worker = start("redisManager.set(require('node:worker_threads').workerData, 'value', 60)",
          { workerData: unique })
        await exit(worker)
        console.log(await redisManager.get(unique))`),
      env,
    )

    expect(output).toBe('value')
  })

  test('terminate with calls in flight leaves the process and its other threads well', async () => {
    const endless = `
      const main = async () => {
        for (let round = 0; ; round += 1) {
          const calls = Array.from({ length: 100 }, (_, index) => redisManager.set('worker-' + index, 'value', 60))
          if (round === 1) parentPort.postMessage('busy')
          await Promise.all(calls)
        }
      }
      main()`
    const output = await outputOf(
      script(`
        const { redisManager } = require('redlatch')
        const codes = []
        for (let round = 0; round < 5; round += 1) {
          const workers = Array.from({ length: 3 }, () => start(${JSON.stringify(endless)}))
          await Promise.all(workers.map((worker) => once(worker, 'message')))
          codes.push(...await Promise.all(workers.map((worker) => worker.terminate())))
          await redisManager.set(unique, String(round), 60)
        }
        console.log(codes.every((code) => code === 1), codes.length, await redisManager.get(unique))`),
      env,
    )

    expect(output).toBe('true 15 4')
  })

  test('process.exit in a worker with calls in flight ends that worker only', async () => {
    const output = await outputOf(
      script(`
        const { redisManager } = require('redlatch')
        const worker = start("for (let i = 0; i < 100; i += 1) redisManager.set('worker-' + i, 'v', 60);" +
          "setImmediate(() => process.exit(7))")
        const code = await exit(worker)
        await redisManager.set(unique, 'well', 60)
        console.log(code, await redisManager.get(unique))`),
      env,
    )

    expect(output).toBe('7 well')
  })

  test('close in one thread leaves the others at work', async () => {
    const output = await outputOf(
      script(`
        const { redisManager } = require('redlatch')
        await redisManager.get(unique)
        const worker = start("redisManager.get('k').then(() => redisManager.close())" +
          ".then(() => parentPort.postMessage('closed'))")
        await Promise.all([once(worker, 'message'), exit(worker)])
        await redisManager.set(unique, 'well', 60)
        console.log(await redisManager.get(unique))`),
      env,
    )

    expect(output).toBe('well')
  })
})

test('after its own close a thread shares again with those that went on', async () => {
  const output = await outputOf(
    script(`
      const { redisManager } = require('redlatch')
      await redisManager.set(unique, 'value', 60)
      const worker = start("parentPort.on('message', async (key) => {" +
        "parentPort.postMessage(await redisManager.setNx(key, 'worker', 60)) });" +
        "redisManager.getCacheStats(); parentPort.postMessage('open')")
      await once(worker, 'message')
      await redisManager.close()
      const isFirst = await redisManager.setNx(unique + 'claim', 'main', 60)
      worker.postMessage(unique + 'claim')
      const [isSecond] = await once(worker, 'message')
      await worker.terminate()
      console.log(await redisManager.get(unique), isFirst, isSecond)`),
  )

  expect(output).toBe('value true false')
})

test('when all threads close at the same time, memory is let go', async () => {
  const closing = `
    const { workerData } = require('node:worker_threads')
    redisManager.set('left', 'behind', 60).then(async () => {
      Atomics.add(workerData, 0, 1)
      while (Atomics.load(workerData, 0) < 2);
      await redisManager.close()
    })`
  const output = await outputOf(
    script(`
      const left = []
      for (let round = 0; round < 10; round += 1) {
        const workerData = new Int32Array(new SharedArrayBuffer(4))
        await Promise.all([1, 2].map(() => exit(start(${JSON.stringify(closing)}, { workerData }))))
        const reader = start("redisManager.get('left').then((value) => parentPort.postMessage(value))")
        const [[value]] = await Promise.all([once(reader, 'message'), exit(reader)])
        left.push(value)
      }
      console.log(left.every((value) => value === null))`),
  )

  expect(output).toBe('true')
})

test('a call made before configure is carried out, though another thread closes its service meanwhile', async () => {
  const closing = `
    const { workerData } = require('node:worker_threads')
    redisManager.get('any').then(() => {
      parentPort.postMessage('open')
      Atomics.wait(workerData, 0, 0)
      return redisManager.close()
    }).then(() => {
      Atomics.store(workerData, 1, 1)
      Atomics.notify(workerData, 1)
    })`
  const output = await outputOf(
    script(`
      const { redisManager } = require('redlatch')
      const workerData = new Int32Array(new SharedArrayBuffer(8))
      await redisManager.get(unique)
      const worker = start(${JSON.stringify(closing)}, { workerData })
      await once(worker, 'message')
      const stored = redisManager.set(unique, 'value', 60)
      redisManager.configure({ timeoutMs: 3000 })
      redisManager.getCacheStats()
      Atomics.store(workerData, 0, 1)
      Atomics.notify(workerData, 0)
      Atomics.wait(workerData, 1, 0, 5000)
      await stored
      console.log(await redisManager.get(unique))`),
    onRedis,
  )

  expect(output).toBe('value')
})

test('a worker reads its own process.env', async () => {
  const output = await outputOf(
    script(`
      const { redisManager } = require('redlatch')
      const worker = start("parentPort.postMessage(redisManager.getCacheStats().cacheType)",
        { env: ${JSON.stringify(onRedis)} })
      const [[type]] = await Promise.all([once(worker, 'message'), exit(worker)])
      console.log(redisManager.getCacheStats().cacheType, type)`),
  )

  expect(output).toBe('In-Memory Redis')
})
