import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Redis } from '@upstash/redis'
import { FormCache, IdempotencyCache, type RedlatchOptions, redisManager, type StateChange } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Gateway, startGateway } from '../support/gateway'
import { outputOf, runNode } from '../support/run-node'
import { claim, uniqueKey } from '../support/samples'
import { thrown } from '../support/thrown'

let gateway: Gateway
let official: Redis

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
const info = jest.spyOn(console, 'info').mockImplementation(() => undefined)

const configure = (options: RedlatchOptions = {}) =>
  redisManager.configure({ url: gateway.url, token: gateway.token, ...options })

const isAvailable = () => redisManager.getCacheStats().isRedisAvailable

/** Takes Redis away, and lets a call find out. */
async function beginOutage(): Promise<void> {
  await gateway.setFault({ fault: 'refuse' })
  await redisManager.exists(uniqueKey()).catch(() => undefined)
  expect(redisManager.getMetrics().state).not.toBe('available')
}

async function endOutage(): Promise<void> {
  await gateway.clearFaults()
  await eventually(isAvailable)
}

beforeAll(async () => {
  gateway = await startGateway()
  official = new Redis({ url: gateway.url, token: gateway.token, automaticDeserialization: false })
})

beforeEach(() => configure())

afterEach(async () => {
  await gateway.clearFaults()
  await redisManager.close()
  warn.mockClear()
  info.mockClear()
})

afterAll(() => gateway.stop())

describe('after an outage', () => {
  test('Redis holds what was written during it', async () => {
    const [key, counter, deleted] = [uniqueKey(), uniqueKey(), uniqueKey()]
    await redisManager.set(deleted, 'value', 60)
    await redisManager.incr(counter, 5)
    await beginOutage()
    await redisManager.set(key, 'value', 60)
    await redisManager.incr(counter, 2)
    await redisManager.del(deleted)
    await FormCache.tryAcquireProcessing(key, claim)
    await FormCache.markCompleted(key, 60)

    await endOutage()

    expect(await redisManager.drain()).toBe(0)
    expect(await official.mget(key, counter, deleted)).toStrictEqual(['value', '7', null])
    expect(JSON.parse(String(await official.get(`form:${key}`)))).toMatchObject({ status: 'completed' })
    expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(0)
  })

  test('drain says how much is left when its time is over', async () => {
    await beginOutage()
    await redisManager.set(uniqueKey(), 'value', 60)

    expect(await redisManager.drain(1)).toBe(1)
  })
})

describe('onStateChange', () => {
  test('tells every change, and the console is left alone', async () => {
    const changes: StateChange[] = []
    const end = redisManager.onStateChange((change) => changes.push(change))

    await beginOutage()
    await endOutage()
    await eventually(() => changes.at(-1)?.to === 'available')
    end()

    expect(changes[0]).toStrictEqual({
      from: 'available',
      to: 'degraded',
      reason: expect.stringMatching(/connect/),
      at: expect.any(Number),
    })
    expect(changes.at(-1)).toMatchObject({ from: 'probing', to: 'available' })
    expect([warn.mock.calls, info.mock.calls]).toStrictEqual([[], []])
  })

  test('a listener hears of the service that comes next, until it is taken back', async () => {
    const listener = jest.fn()
    const end = redisManager.onStateChange(listener)
    configure({ timeoutMs: 1000 })
    await beginOutage()
    await eventually(() => listener.mock.calls.length > 0)
    await endOutage()
    await eventually(() => JSON.stringify(listener.mock.lastCall).includes('"to":"available"'))
    end()
    listener.mockClear()

    await beginOutage()

    expect(warn).toHaveBeenCalledTimes(1)
    expect(listener).not.toHaveBeenCalled()
  })

  test('a listener that throws harms no call and no other listener', async () => {
    const error = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const listener = jest.fn()
    const ends = [
      redisManager.onStateChange(() => {
        throw new Error('of the listener')
      }),
      redisManager.onStateChange(listener),
    ]

    await beginOutage()
    await eventually(() => listener.mock.calls.length > 0)
    for (const end of ends) end()

    expect(error).toHaveBeenCalledWith(expect.stringContaining('of the listener'))
    error.mockRestore()
  })

  const throwers = thrown.flatMap(([label, value]): [string, () => unknown][] => [
    [
      `throws ${label}`,
      () => {
        throw value
      },
    ],
    [`rejects with ${label}`, () => Promise.reject(value)],
  ])

  test.each(throwers)('a listener that %s is reported and harms nothing', async (_, thrower) => {
    const error = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const listener = jest.fn()
    const ends = [redisManager.onStateChange(thrower), redisManager.onStateChange(listener)]

    await beginOutage()
    await eventually(() => listener.mock.calls.length > 0 && error.mock.calls.length > 0)
    for (const end of ends) end()

    const report = expect.stringMatching(/^redlatch: a listener of onStateChange has thrown: /)
    expect(error.mock.calls[0]).toStrictEqual([report])
    error.mockRestore()
  })

  test('no listener ends the process, whatever it throws', async () => {
    const output = await outputOf(`
      console.error = () => undefined
      const { redisManager } = require('redlatch')
      redisManager.configure({ url: 'http://127.0.0.1:1', token: 'token' })
      redisManager.onStateChange(() => { throw Symbol('of the listener') })
      redisManager.onStateChange(async () => { throw Symbol('of the listener') })
      const heard = new Promise((done) => redisManager.onStateChange(done))
      const isAlive = setInterval(() => undefined, 1000)
      redisManager.set('key', 'value', 60).then(() => heard).then(() => clearInterval(isAlive))
        .then(() => redisManager.get('key')).then(console.log)`)

    expect(output).toBe('value')
  })

  test('a listener under a name replaces the earlier one of that name, as after a hot reload', async () => {
    const [before, after, other, unnamed] = [jest.fn(), jest.fn(), jest.fn(), jest.fn()]
    const endBefore = redisManager.onStateChange(before, { name: 'reload' })
    const ends = [
      redisManager.onStateChange(after, { name: 'reload' }),
      redisManager.onStateChange(other, { name: 'other' }),
      redisManager.onStateChange(unnamed),
      redisManager.onStateChange(unnamed, {}),
    ]
    endBefore()

    await beginOutage()
    await eventually(() => unnamed.mock.calls.length > 1)
    for (const end of ends) end()

    expect(before).not.toHaveBeenCalled()
    expect(after).toHaveBeenCalledTimes(other.mock.calls.length)
    expect(other).toHaveBeenCalled()
  })

  test('a name that is no string is refused, and the listener is not added', () => {
    expect(() => redisManager.onStateChange(() => undefined, { name: 7 as never })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'options.name must be a string, got number',
      }),
    )
  })

  test('what is no function is refused', () => {
    expect(() => redisManager.onStateChange('listener' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})

describe('onOutage', () => {
  test('a class that is to reject does so at once, and the others go on', async () => {
    configure({ onOutage: { idempotency: 'reject' } })
    const key = uniqueKey()
    await beginOutage()

    await expect(IdempotencyCache.get(key)).rejects.toMatchObject({ code: 'ERR_REDIS_UNAVAILABLE' })
    await expect(IdempotencyCache.set(key, { url: '/' })).rejects.toThrow(/onOutage/)
    expect(await FormCache.tryAcquireProcessing(key, claim)).toBe(true)
    await endOutage()

    expect(await IdempotencyCache.get(key)).toBeNull()
  })

  test('another policy than the two is refused', () => {
    expect(() => configure({ onOutage: { form: 'ignore' as never } })).toThrow(
      'options.onOutage.form must be "memory" or "reject"',
    )
  })
})

describe('getMetrics', () => {
  test('counts calls by class and by how they ended', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'value', 60)
    await redisManager.get(key)
    await redisManager.get(uniqueKey())
    await beginOutage()
    await FormCache.tryAcquireProcessing(key, claim)

    const metrics = redisManager.getMetrics()

    expect(metrics.calls.redisManager).toMatchObject({ hit: 1, miss: 1, stored: 1 })
    expect(metrics.calls.form).toMatchObject({ stored: 0, fellBack: 1 })
    expect(metrics).toMatchObject({
      state: expect.stringMatching(/degraded|probing/),
      lastError: { code: 'connect', message: expect.any(String), at: expect.any(Number) },
      pendingWrites: 1,
      staleCopies: { entries: 1, bytes: expect.any(Number) },
      latency: { count: 3, p50: expect.any(Number) },
    })
    expect(JSON.stringify(metrics)).not.toContain(key)
  })

  test('removed corrupt entries are counted', async () => {
    const key = uniqueKey()
    await official.set(`idempotency:${key}`, 'not JSON')

    expect(await IdempotencyCache.get(key)).toBeNull()

    expect(redisManager.getMetrics().corruptEntriesRemoved).toBe(1)
  })

  test('the Prometheus format has a type for every sample, and no key in a label', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'value', 60)

    const text = redisManager.getMetrics({ format: 'prometheus' })

    expect(text).toContain('redlatch_up 1\n')
    expect(text).toContain('redlatch_calls_total{class="redisManager",outcome="stored"} 1\n')
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const sample of samples)
      expect(sample).toMatch(/^[a-z_]+(\{[a-zA-Z_]+="[\w.]+"(,\w+="\w+")*\})? [\d.e-]+$/)
    for (const name of new Set(samples.map((sample) => sample.match(/^[a-z_]+/)?.[0].replace(/_count$/, ''))))
      expect(text).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge|summary)$`, 'm'))
    expect(text).not.toContain(key)
  })

  test('another format is refused', () => {
    expect(() => redisManager.getMetrics({ format: 'xml' as never })).toThrow(RangeError)
  })
})

test('a listener keeps no process alive', async () => {
  const output = await outputOf(
    `const { redisManager } = require('redlatch')
    redisManager.onStateChange(() => undefined)
    redisManager.get('any').then(console.log)`,
    { UPSTASH_REDIS_REST_URL: gateway.url, UPSTASH_REDIS_REST_TOKEN: gateway.token },
  )

  expect(output).toBe('null')
})

test('neither an outage nor its probes keep a process alive', async () => {
  await gateway.setFault({ fault: 'refuse' })

  const ended = await runNode(
    `require('redlatch').redisManager.set('any', 'value', 60).then(() => console.log('kept'))`,
    { UPSTASH_REDIS_REST_URL: gateway.url, UPSTASH_REDIS_REST_TOKEN: gateway.token },
  )

  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'kept\n' })
  expect(ended.stderr).toContain('redlatch: Redis is not available')
})
