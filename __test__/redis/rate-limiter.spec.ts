import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { RateLimitCache, RateLimiter, type RateLimiterOptions, redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Gateway, startGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

const TIMEOUT_MS = 400
const window = '30 d'

const algorithms = [
  ['fixedWindow', RateLimiter.fixedWindow(2, window)],
  ['slidingWindow', RateLimiter.slidingWindow(2, window)],
  ['tokenBucket', RateLimiter.tokenBucket(2, window, 2)],
  ['gcra', RateLimiter.gcra(2, window)],
] as const

const limiterOf = (limiter: RateLimiterOptions['limiter'], options: Partial<RateLimiterOptions> = {}) =>
  new RateLimiter({ limiter, prefix: uniqueKey(), ephemeralCache: false, ...options })

describe.each([
  ['upstash', []],
  ['redis', ['--mode', 'redis']],
])('RateLimiter on a gateway in mode %s', (_, options) => {
  let gateway: Gateway

  beforeAll(async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    jest.spyOn(console, 'info').mockImplementation(() => undefined)
    gateway = await startGateway(options)
    redisManager.configure({ url: gateway.url, token: gateway.token, timeoutMs: TIMEOUT_MS })
    // The server learns the script, and this package whether the server takes its flag.
    await limiterOf(algorithms[0][1]).limit('guest')
  })

  afterEach(async () => {
    await gateway.clearFaults()
    await eventually(async () => {
      await redisManager.exists('any')
      return redisManager.getCacheStats().isRedisAvailable
    })
  })

  afterAll(async () => {
    await redisManager.close()
    redisManager.configure()
    await gateway.stop()
    jest.restoreAllMocks()
  })

  /** The requests of a call, and the commands that Redis has executed for it: a script, and each command in it. */
  async function costs(call: () => Promise<unknown>): Promise<{ requests: number; commands: number }> {
    const before = { ...(await gateway.counters()), executed: await executedCommands(gateway) }
    await call()
    const [executed, { requests }] = [await executedCommands(gateway), await gateway.counters()]
    // Two questions for the commands are requests, too, and the second counts the first.
    return { requests: requests - before.requests - 2, commands: executed - before.executed - 1 }
  }

  test.each([
    ['fixedWindow', algorithms[0][1], 3, 2],
    ['slidingWindow', algorithms[1][1], 3, 2],
    ['tokenBucket', algorithms[2][1], 4, 2],
    ['gcra', algorithms[3][1], 3, 2],
  ])('%s is one request, of few commands', async (_name, algorithm, admitted, denied) => {
    const limiter = limiterOf(algorithm)

    expect(await costs(() => limiter.limit('guest'))).toStrictEqual({ requests: 1, commands: admitted })
    expect(await costs(() => limiter.limit('guest'))).toStrictEqual({ requests: 1, commands: admitted })
    expect(await costs(() => limiter.limit('guest'))).toStrictEqual({ requests: 1, commands: denied })
  })

  test('four limits together are one request, and one for an id that is certain to be denied is none', async () => {
    const limiters = algorithms.map(([, algorithm]) => limiterOf(algorithm, { ephemeralCache: true }))
    const checks = limiters.map((limiter) => ({ limiter, id: 'guest', rate: 2 }))

    expect(await costs(() => RateLimiter.limitAll(checks))).toStrictEqual({ requests: 1, commands: 9 })
    expect(await costs(() => RateLimiter.limitAll(checks))).toStrictEqual({ requests: 1, commands: 4 })

    const cached = await costs(async () => {
      const { success, results } = await RateLimiter.limitAll(checks)
      expect(success).toBe(false)
      expect(results.every(({ reason }) => reason === 'cacheBlock')).toBe(true)
    })
    expect(cached.requests).toBe(0)
  })

  test.each([
    ['memory', ['fallback', 'fallback', 'fallback'], [true, true, false]],
    ['allow', ['outage', 'outage', 'outage'], [true, true, true]],
    ['deny', ['outage', 'outage', 'outage'], [false, false, false]],
  ] as const)('in an outage, %s answers at once', async (onOutage, reasons, successes) => {
    const limiter = limiterOf(algorithms[0][1], { onOutage })
    await gateway.setFault({ fault: 'refuse' })

    const results = [await limiter.limit('guest'), await limiter.limit('guest'), await limiter.limit('guest')]

    expect(results.map(({ reason }) => reason)).toStrictEqual(reasons)
    expect(results.map(({ success }) => success)).toStrictEqual(successes)
  })

  test('what was counted in an outage is not replayed', async () => {
    const limiter = limiterOf(algorithms[0][1])
    await gateway.setFault({ fault: 'refuse' })
    await limiter.limit('guest', { rate: 2 })
    await gateway.clearFaults()
    await eventually(async () => (await limiter.limit('other')).reason === undefined)

    expect((await limiter.getRemaining('guest')).remaining).toBe(2)
  })

  test.each(['executeThenDrop', 'reset', 'truncate', 'drop'])(
    'after %s the request was sent once, and this call is in an outage',
    async (fault) => {
      const limiter = limiterOf(algorithms[0][1], { onOutage: 'deny' })
      await gateway.setFault({ fault, requests: 1 })

      const result = await limiter.limit('guest')

      expect(result).toMatchObject({ success: false, reason: 'outage' })
      const consumed = fault === 'drop' ? 0 : 1
      expect((await limiter.getRemaining('guest')).remaining).toBe(2 - consumed)
    },
  )

  test('a limiter waits no longer than it may, and then it is an outage', async () => {
    const limiter = limiterOf(algorithms[0][1], { timeoutMs: 50, onOutage: 'allow' })
    await gateway.setFault({ fault: 'latency', ms: 200, requests: 1 })

    expect(await limiter.limit('guest')).toMatchObject({ success: true, reason: 'outage' })
  })

  test('the policy of the settings counts for limiters without one and for RateLimitCache', async () => {
    redisManager.configure({
      url: gateway.url,
      token: gateway.token,
      timeoutMs: TIMEOUT_MS,
      onOutage: { rateLimit: 'deny' },
    })
    await gateway.setFault({ fault: 'refuse' })

    expect(await limiterOf(algorithms[0][1]).limit('guest')).toMatchObject({
      success: false,
      reason: 'outage',
    })
    await RateLimitCache.recordAttempt('guest')
    expect(await RateLimitCache.checkRateLimit('guest', 5)).toMatchObject({ allowed: false, remaining: 0 })
    redisManager.configure({ url: gateway.url, token: gateway.token, timeoutMs: TIMEOUT_MS })
  })

  test.each([
    [
      'fixedWindow',
      algorithms[0][1],
      (prefix: string) => `${prefix}:guest:${Math.floor(Date.now() / 2_592e6)}`,
    ],
    ['gcra', algorithms[3][1], (prefix: string) => `${prefix}:guest:gcra`],
    ['tokenBucket', algorithms[2][1], (prefix: string) => `${prefix}:guest`],
  ])('%s refuses a key of another type, and leaves it', async (_name, algorithm, keyOf) => {
    const prefix = uniqueKey()
    const limiter = limiterOf(algorithm, { prefix })
    const command =
      algorithm.kind === 'tokenBucket' ? ['SET', keyOf(prefix), 'x'] : ['LPUSH', keyOf(prefix), 'x']
    await rest(gateway, command)

    await expect(limiter.limit('guest')).rejects.toMatchObject({
      code: 'ERR_REDIS_REPLY',
      message: expect.stringContaining('WRONGTYPE'),
    })

    const type = algorithm.kind === 'tokenBucket' ? 'string' : 'list'
    expect(await rest(gateway, ['TYPE', keyOf(prefix)])).toBe(type)
  })

  test('after Redis was restarted empty, limits begin anew', async () => {
    const limiter = limiterOf(algorithms[0][1])
    await limiter.limit('guest', { rate: 2 })

    await gateway.restartRedis()

    await eventually(async () => (await limiter.limit('guest')).reason === undefined)
    expect((await limiter.getRemaining('guest')).remaining).toBeGreaterThanOrEqual(0)
    expect((await limiter.limit('other')).success).toBe(true)
  })

  test('every counter has a TTL', async () => {
    const prefix = uniqueKey()
    for (const [, algorithm] of algorithms) {
      const limiter = limiterOf(algorithm, { prefix: `${prefix}:${algorithm.kind}` })
      await limiter.limit('guest')
      await limiter.refund('guest', 5)
      await limiter.limit('guest')
      await limiter.getRemaining('nobody')
    }

    const keys = (await rest(gateway, ['KEYS', `${prefix}*`])) as string[]
    expect(keys).toHaveLength(4)
    for (const key of keys) expect(Number(await rest(gateway, ['PTTL', key]))).toBeGreaterThan(0)
  })
})

/** How many commands Redis has executed, those in scripts included, without this one. */
async function executedCommands(gateway: Gateway): Promise<number> {
  const stats = String(await rest(gateway, ['INFO', 'commandstats']))
  return [...stats.matchAll(/:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}

async function rest(gateway: Gateway, command: string[]): Promise<unknown> {
  const headers = { authorization: `Bearer ${gateway.token}` }
  const response = await fetch(gateway.url, { method: 'POST', headers, body: JSON.stringify(command) })
  return ((await response.json()) as { result: unknown }).result
}
