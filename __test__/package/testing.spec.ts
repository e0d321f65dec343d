import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { advanceBy, reset } from 'redlatch/testing'
import { sharedGateway } from '../support/gateway'
import { rejection } from '../support/rejection'
import { outputOf } from '../support/run-node'
import { claim, customer, submission } from '../support/samples'

afterEach(() => {
  jest.useRealTimers()
  redisManager.configure()
})

describe('reset', () => {
  const fill = () =>
    Promise.all([
      redisManager.set('key', 'value'),
      IdempotencyCache.set('key', { url: '/' }),
      FormCache.set('key', submission),
      CustomerCache.setCustomer('key', customer),
    ])
  const read = () =>
    Promise.all([
      redisManager.get('key'),
      IdempotencyCache.get('key'),
      FormCache.get('key'),
      CustomerCache.getCustomer('key'),
    ])

  test('reset forgets what all caches hold, and they go on', async () => {
    await fill()

    expect(reset()).toBeUndefined()

    expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(0)
    expect(await read()).toStrictEqual([null, null, null, null])
    await fill()
    expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(4)
  })

  test('reset goes before any other call, and twice', async () => {
    await redisManager.close()

    reset()
    reset()

    expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  })

  test('the same settings keep the memory, and others have one of their own', async () => {
    reset()
    await redisManager.set('key', 'value')

    redisManager.configure()
    expect(await redisManager.get('key')).toBe('value')
    redisManager.configure({ memory: { maxEntries: 7 } })
    expect(await redisManager.get('key')).toBeNull()
  })

  test('a memory that was reset is apart from that of other threads', async () => {
    const source = `const { Worker, isMainThread, parentPort } = require('node:worker_threads')
      const { redisManager } = require('redlatch')
      const { reset } = require('redlatch/testing')
      const main = async () => {
        await redisManager.set('key', 'of the main thread')
        const worker = new Worker(
          "const { parentPort } = require('node:worker_threads')\\n" +
          "const { redisManager } = require('redlatch')\\n" +
          "const { reset } = require('redlatch/testing')\\n" +
          "const main = async () => {\\n" +
          "  const before = await redisManager.get('key')\\n" +
          "  reset()\\n" +
          "  parentPort.postMessage([before, await redisManager.get('key')])\\n" +
          "}\\n" +
          "main()",
          { eval: true },
        )
        const seen = await new Promise((resolve) => worker.on('message', resolve))
        console.log(JSON.stringify([...seen, await redisManager.get('key')]))
      }
      main()`

    expect(JSON.parse(await outputOf(source))).toStrictEqual([
      'of the main thread',
      null,
      'of the main thread',
    ])
  })
})

describe('advanceBy', () => {
  beforeEach(reset)

  test('an entry expires when its time has been moved past, and not before', async () => {
    await FormCache.tryAcquireProcessing('key', claim, 60)

    advanceBy(30)
    expect(await FormCache.isProcessing('key')).toBe(true)
    advanceBy(30)
    expect(await FormCache.isProcessing('key')).toBe(false)
    expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  })

  test('a completed form blocks for five seconds', async () => {
    await FormCache.tryAcquireProcessing('key', claim)
    await FormCache.markCompleted('key')

    advanceBy(4)
    expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(false)
    advanceBy(1)
    expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  })

  test('fake timers alone move no TTL, and advanceBy does beside them', async () => {
    jest.useFakeTimers()
    await redisManager.set('key', 'value', 60)

    jest.advanceTimersByTime(3_600_000)
    expect(await redisManager.get('key')).toBe('value')
    advanceBy(60)
    expect(await redisManager.get('key')).toBeNull()
  })

  test('entries without a TTL stay, and timestamps are those of the system', async () => {
    await redisManager.set('key', 'value')
    await FormCache.set('form', submission, 10_000_000)
    advanceBy(1_000_000)

    await FormCache.markFailed('form')

    expect(await redisManager.get('key')).toBe('value')
    expect((await FormCache.get('form'))?.timestamp).toBeLessThanOrEqual(Date.now())
  })

  test('parts of a second count', async () => {
    await redisManager.set('key', 'value', 1)

    advanceBy(0.25)
    expect(await redisManager.exists('key')).toBe(true)
    advanceBy(0.75)
    expect(await redisManager.exists('key')).toBe(false)
  })

  test('reset leaves no advance behind', async () => {
    advanceBy(1e12)
    reset()
    await redisManager.set('key', 'value', 1)

    expect(await redisManager.get('key')).toBe('value')
  })

  test.each([
    [-1, RangeError, 'ERR_INVALID_ARG_VALUE'],
    [Number.NaN, RangeError, 'ERR_INVALID_ARG_VALUE'],
    [Number.POSITIVE_INFINITY, RangeError, 'ERR_INVALID_ARG_VALUE'],
    ['60', TypeError, 'ERR_INVALID_ARG_TYPE'],
    [undefined, TypeError, 'ERR_INVALID_ARG_TYPE'],
  ])('advanceBy(%p) throws', async (seconds, errorClass, code) => {
    const error = await rejection(async () => advanceBy(seconds as number))

    expect(error).toBeInstanceOf(errorClass)
    expect(error).toMatchObject({ code, message: expect.stringContaining('seconds') })
  })
})

describe('while Redis is configured', () => {
  const { url, token } = sharedGateway()

  test.each<[name: string, call: () => void]>([
    ['reset', reset],
    ['advanceBy', () => advanceBy(1)],
  ])('%s throws, says what to do, and leaves everything as it is', async (name, call) => {
    redisManager.configure({ url, token })
    await redisManager.set(`testing-${name}`, 'value', 60)

    const error = await rejection(async () => call())

    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      code: 'ERR_REDIS_CONFIGURED',
      message: expect.stringMatching(new RegExp(`^${name} works on memory.*DISABLE_REDIS=true`)),
    })
    expect(await redisManager.get(`testing-${name}`)).toBe('value')
    await redisManager.close()
    redisManager.configure({ disableRedis: true })
    expect(call).not.toThrow()
  })
})
