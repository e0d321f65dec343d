import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, type OutageCode, redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Fault, type Gateway, startGateway } from '../support/gateway'
import { healthChecks, type Method, methods, validArguments } from '../support/methods'
import { claim, uniqueKey } from '../support/samples'

let gateway: Gateway

/** A page as a proxy in front of the service might send it. */
const page = '<html><body>Bad gateway</body></html>'

const outages: [label: string, fault: Fault, error: RegExp, code: OutageCode][] = [
  ['refuses connections', { fault: 'refuse' }, /connect/, 'connect'],
  ['never answers', { fault: 'hang' }, /in time/, 'timeout'],
  ['closes connections', { fault: 'drop' }, /connect/, 'connection_lost'],
  [
    'answers with 500',
    { fault: 'status', status: 500, body: '{"error":"ERR internal"}' },
    /500/,
    'unavailable',
  ],
  ['answers with 502 and a page', { fault: 'status', status: 502, body: page }, /502/, 'unavailable'],
  [
    'answers with 429',
    { fault: 'status', status: 429, body: '{"error":"ERR slow down"}' },
    /429/,
    'rate_limited',
  ],
  [
    'answers with 401',
    { fault: 'status', status: 401, body: '{"error":"Unauthorized"}' },
    /token/,
    'unauthorized',
  ],
  ['answers with a page', { fault: 'garbage' }, /does not come from upstash/, 'protocol'],
  [
    'answers with JSON of another kind',
    { fault: 'garbage', body: '[{"ok":true}]' },
    /does not come from upstash/,
    'protocol',
  ],
  ['cuts its answers off', { fault: 'truncate' }, /does not come from upstash/, 'protocol'],
  ['resets connections in mid-answer', { fault: 'reset' }, /connect/, 'connection_lost'],
]

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
const info = jest.spyOn(console, 'info').mockImplementation(() => undefined)

beforeAll(async () => {
  gateway = await startGateway()
})

beforeEach(() => {
  redisManager.configure({ url: gateway.url, token: gateway.token })
})

afterEach(async () => {
  await gateway.clearFaults()
  // The next test starts with nothing known about the gateway and nothing in memory.
  await redisManager.close()
  warn.mockClear()
  info.mockClear()
})

afterAll(() => gateway.stop())

describe.each(outages)('while Redis %s', (_, fault, errorText, code) => {
  beforeEach(async () => {
    // Only the fault that takes the whole time limit is given a short one, which a busy machine might exceed.
    const timeoutMs = fault.fault === 'hang' ? 300 : 2000
    redisManager.configure({ url: gateway.url, token: gateway.token, timeoutMs })
    await gateway.setFault(fault)
  })

  test('calls do not reject, memory takes over, and one warning says so', async () => {
    const key = uniqueKey()

    await redisManager.set(key, 'value', 60)
    const value = await redisManager.get(key)
    const claims = await Promise.all([
      FormCache.tryAcquireProcessing(key, claim),
      FormCache.tryAcquireProcessing(key, claim),
    ])
    await FormCache.markFailed(key)
    await IdempotencyCache.set(key, { url: '/' })

    expect(value).toBe('value')
    expect(claims).toStrictEqual([true, false])
    expect((await FormCache.get(key))?.status).toBe('failed')
    expect(await IdempotencyCache.get(key)).toStrictEqual({ url: '/' })
    expect(redisManager.getCacheStats()).toStrictEqual({
      isRedisAvailable: false,
      inMemoryCacheSize: 3,
      cacheType: 'In-Memory',
    })
    expect(warn.mock.calls).toStrictEqual([[expect.stringMatching(errorText)]])
    expect(String(warn.mock.calls)).not.toContain(gateway.token)
    expect(info).not.toHaveBeenCalled()
  })

  test('healthCheck does not reject and says what is wrong', async () => {
    const health = await redisManager.healthCheck()

    expect(health).toStrictEqual({
      status: 'unhealthy',
      responseTime: expect.any(Number),
      mode: 'redis',
      message: expect.stringMatching(/\w+ \w+/),
      error: expect.stringMatching(errorText),
      code,
    })
    expect(health.error).not.toContain(gateway.token)
    for (const [, check] of healthChecks)
      await expect(check()).resolves.toMatchObject({ status: 'unhealthy' })
  })

  test('Redis answers again once it can, which is told once', async () => {
    const key = uniqueKey()
    await eventually(async () => {
      await redisManager.set(key, 'from the outage', 60)
      return !redisManager.getCacheStats().isRedisAvailable
    })

    await gateway.clearFaults()
    await eventually(() => redisManager.getCacheStats().isRedisAvailable)

    expect(await redisManager.drain()).toBe(0)
    expect(await redisManager.get(key)).toBe('from the outage')
    expect((await gateway.counters()).commands.byName.GET).toBeGreaterThan(0)
    expect(await redisManager.healthCheck()).toMatchObject({ status: 'healthy', mode: 'redis' })
    expect(redisManager.getCacheStats()).toMatchObject({ isRedisAvailable: true, cacheType: 'Redis' })
    expect(warn).toHaveBeenCalledTimes(1)
    expect(info.mock.calls).toStrictEqual([[expect.stringMatching(/^redlatch: .*available again/)]])
  })
})

describe('every method', () => {
  test.each(methods.map((method): [string, Method] => [method.name, method]))(
    '%s does not reject while Redis cannot be reached',
    async (_, method) => {
      await gateway.setFault({ fault: 'refuse' })

      await expect(method.call(...validArguments(method))).resolves.not.toBeInstanceOf(Error)
    },
  )
})

describe('a single failure', () => {
  test('a second outage is told again', async () => {
    const fail = async () => {
      await gateway.setFault({ fault: 'status', status: 503, body: '{"error":"ERR no"}' })
      await eventually(async () => {
        await redisManager.get(uniqueKey())
        return !redisManager.getCacheStats().isRedisAvailable
      })
      await gateway.clearFaults()
      await eventually(async () => {
        await redisManager.get(uniqueKey())
        return redisManager.getCacheStats().isRedisAvailable
      })
      // What is told comes with the next answer.
      await redisManager.get(uniqueKey())
    }

    await fail()
    await fail()

    expect([warn.mock.calls.length, info.mock.calls.length]).toStrictEqual([2, 2])
  })

  test('one failed request is no outage: its calls are answered, and only several in a row are told', async () => {
    await gateway.setFault({ fault: 'drop' })
    const incrementMany = () => Promise.all(Array.from({ length: 100 }, () => redisManager.incr(uniqueKey())))

    expect(await incrementMany()).toStrictEqual(Array(100).fill(1))
    expect(warn).not.toHaveBeenCalled()
    await incrementMany()
    await incrementMany()

    expect(warn).toHaveBeenCalledTimes(1)
  })

  test('a wrong token is told once, without the token, and memory takes over', async () => {
    redisManager.configure({ url: gateway.url, token: 'wrong-token-0123456789' })
    const user = uniqueKey()

    await CustomerCache.setUserMapping(user, 'cus_1')

    expect(await CustomerCache.getCustomerByUserId(user)).toBe('cus_1')
    expect(warn.mock.calls).toStrictEqual([[expect.stringMatching(/^redlatch: .*UPSTASH_REDIS_REST_TOKEN/)]])
    expect(String(warn.mock.calls)).not.toContain('wrong-token')
    expect(await redisManager.healthCheck()).toMatchObject({
      status: 'unhealthy',
      error: expect.stringMatching(/token/),
    })
  })

  test('a gateway without its Redis is an outage', async () => {
    const lone = await startGateway()
    redisManager.configure({ url: lone.url, token: lone.token })
    await lone.stop()
    const key = uniqueKey()

    await redisManager.set(key, 'value', 60)

    expect(await redisManager.get(key)).toBe('value')
    expect(warn).toHaveBeenCalledTimes(1)
  })
})
