import { describe, expect, test } from '@jest/globals'
import { RateLimiter, type RateLimiterOptions, redisManager } from 'redlatch'
import { uniqueKey } from '../support/samples'

/** Long enough that no test sees the next window. */
const window = '30 d'

const algorithms = [
  ['fixedWindow', RateLimiter.fixedWindow(3, window)],
  ['slidingWindow', RateLimiter.slidingWindow(3, window)],
  ['tokenBucket', RateLimiter.tokenBucket(3, window, 3)],
  ['gcra', RateLimiter.gcra(3, window)],
] as const

const limiterOf = (limiter: RateLimiterOptions['limiter'], options: Partial<RateLimiterOptions> = {}) =>
  new RateLimiter({ limiter, prefix: uniqueKey(), ...options })

describe.each(algorithms)('%s', (_, algorithm) => {
  test('admits as many as its limit, whoever asks at once, and no more', async () => {
    const limiter = limiterOf(algorithm, { name: 'orders' })

    const all = await Promise.all(Array.from({ length: 64 }, () => limiter.limit('guest')))

    expect(all.filter(({ success }) => success)).toHaveLength(3)
    expect(all.filter(({ success }) => success).map(({ remaining }) => remaining)).toStrictEqual([2, 1, 0])
    const denied = all.find(({ success }) => !success)
    expect(denied).toMatchObject({ limit: 3, remaining: 0, name: 'orders' })
    expect(denied?.retryAfterMs).toBeGreaterThan(0)
    expect(denied?.reset).toBeGreaterThan(Date.now())
    await expect(denied?.pending).resolves.toBeUndefined()
  })

  test('a denied request consumes nothing', async () => {
    const limiter = limiterOf(algorithm)
    await limiter.limit('guest')

    for (let call = 0; call < 10; call += 1) {
      expect((await limiter.limit('guest', { rate: 3 })).success).toBe(false)
    }

    expect(await limiter.getRemaining('guest')).toMatchObject({ remaining: 2, limit: 3 })
    expect((await limiter.limit('guest', { rate: 2 })).success).toBe(true)
  })

  test('limiters with different names count apart, whatever ids are given', async () => {
    const prefix = uniqueKey()
    const [pay, other] = ['pay', undefined].map((name) => limiterOf(algorithm, { prefix, name }))
    await other?.limit('pay:guest', { rate: 3 })
    await other?.limit('guest', { rate: 3 })

    expect((await pay?.limit('guest'))?.success).toBe(true)
  })

  test('each id has its own limit', async () => {
    const limiter = limiterOf(algorithm)
    await limiter.limit('guest', { rate: 3 })

    expect((await limiter.limit('other')).success).toBe(true)
  })

  test('what is given back can be asked for again', async () => {
    const limiter = limiterOf(algorithm)
    await limiter.limit('guest', { rate: 3 })
    expect((await limiter.limit('guest', { rate: 2 })).success).toBe(false)

    await limiter.refund('guest', 2)

    expect((await limiter.limit('guest', { rate: 2 })).success).toBe(true)
    expect((await limiter.limit('guest')).success).toBe(false)
  })

  test('a reset forgets what was consumed, also the denial that this process remembers', async () => {
    const limiter = limiterOf(algorithm)
    await limiter.limit('guest', { rate: 3 })
    await limiter.limit('guest')

    await limiter.resetUsedTokens('guest')

    expect((await limiter.getRemaining('guest')).remaining).toBe(3)
    expect((await limiter.limit('guest', { rate: 3 })).success).toBe(true)
  })

  test('a dynamic limit counts for all ids until it is removed', async () => {
    const limiter = limiterOf(algorithm, { dynamicLimits: true })
    expect(await limiter.getDynamicLimit()).toStrictEqual({ dynamicLimit: null })

    await limiter.setDynamicLimit({ limit: 1 })

    expect(await limiter.getDynamicLimit()).toStrictEqual({ dynamicLimit: 1 })
    expect(await limiter.limit('guest')).toMatchObject({ success: true, limit: 1, remaining: 0 })
    expect((await limiter.limit('guest')).success).toBe(false)
    await limiter.setDynamicLimit({ limit: false })
    expect((await limiter.getRemaining('guest')).limit).toBe(3)
  })

  test('a blocked id is denied, and admitted when the block has ended', async () => {
    const limiter = limiterOf(algorithm, { blocking: true })
    await limiter.block('guest', 60)

    const denied = await limiter.limit('guest')
    expect(denied).toMatchObject({ success: false, remaining: 0, reason: 'blocked' })
    expect(denied.retryAfterMs).toBeGreaterThan(50_000)
    expect((await limiter.limit('other')).success).toBe(true)

    await limiter.unblock('guest')
    expect((await limiter.limit('guest')).success).toBe(true)
  })

  test('a certain denial is remembered for its rate, and not for a smaller one', async () => {
    const limiter = limiterOf(algorithm)
    await limiter.limit('guest', { rate: 2 })
    expect((await limiter.limit('guest', { rate: 2 })).reason).toBeUndefined()

    expect(await limiter.limit('guest', { rate: 2 })).toMatchObject({ success: false, reason: 'cacheBlock' })
    expect((await limiter.limit('guest')).success).toBe(true)
  })
})

describe('limitAll', () => {
  const four = () => algorithms.map(([, algorithm]) => limiterOf(algorithm))

  test.each([0, 1, 2, 3])('when limit %i of four denies, nothing is consumed anywhere', async (denying) => {
    const limiters = four()
    const checks = limiters.map((limiter, index) => ({
      limiter,
      id: 'guest',
      rate: index === denying ? 4 : 1,
    }))

    const { success, results } = await RateLimiter.limitAll(checks)

    expect(success).toBe(false)
    expect(results.map((result) => result.success)).toStrictEqual([0, 1, 2, 3].map((at) => at !== denying))
    const left = await Promise.all(limiters.map((limiter) => limiter.getRemaining('guest')))
    expect(left.map(({ remaining }) => remaining)).toStrictEqual([3, 3, 3, 3])
  })

  test('of 64 at once, as many are admitted as the smallest limit says', async () => {
    const [first, ...others] = four()
    const small = limiterOf(RateLimiter.fixedWindow(2, window))
    const checks = [first, small, ...others].map((limiter) => ({
      limiter: limiter as RateLimiter,
      id: 'guest',
    }))

    const all = await Promise.all(Array.from({ length: 64 }, () => RateLimiter.limitAll(checks)))

    expect(all.filter(({ success }) => success)).toHaveLength(2)
    expect((await first?.getRemaining('guest'))?.remaining).toBe(1)
  })

  test('checks of one id by one limiter count together', async () => {
    const limiter = limiterOf(algorithms[0][1])
    const twice = [
      { limiter, id: 'guest' },
      { limiter, id: 'guest' },
    ]

    expect((await RateLimiter.limitAll(twice)).success).toBe(true)
    expect((await RateLimiter.limitAll(twice)).success).toBe(false)
    expect((await limiter.getRemaining('guest')).remaining).toBe(1)
  })

  test('without checks it admits', async () => {
    expect(await RateLimiter.limitAll([])).toStrictEqual({ success: true, results: [] })
  })
})

describe('blockUntilReady', () => {
  test('waits until the request is admitted', async () => {
    const limiter = limiterOf(RateLimiter.gcra(1, '50 ms'))
    await limiter.limit('guest')

    expect((await limiter.blockUntilReady('guest', 10_000)).success).toBe(true)
  })

  test('resolves to the denial when the time is over', async () => {
    const limiter = limiterOf(RateLimiter.gcra(1, window))
    await limiter.limit('guest')

    expect((await limiter.blockUntilReady('guest', 20)).success).toBe(false)
  })
})

describe('arguments', () => {
  const limiter = algorithms[0][1]

  test.each([
    ['options', undefined, TypeError],
    ['options.limiter', {}, TypeError],
    ['options.limiter', { limiter: { kind: 'leakyBucket' } }, TypeError],
    ['options.limiter.tokens', { limiter: RateLimiter.fixedWindow(0, '1 s') }, RangeError],
    ['options.limiter.window', { limiter: RateLimiter.slidingWindow(1, '1 y' as never) }, RangeError],
    ['options.limiter.window', { limiter: RateLimiter.slidingWindow(1, 0) }, RangeError],
    ['options.limiter.maxTokens', { limiter: RateLimiter.tokenBucket(1, '1 s', 1.5) }, RangeError],
    ['options.limiter.burst', { limiter: RateLimiter.gcra(1, '1 s', -1) }, RangeError],
    ['options.name', { limiter, name: 'größe' }, RangeError],
    ['options.name', { limiter, name: 'a:b' }, RangeError],
    ['options.prefix', { limiter, prefix: '' }, RangeError],
    ['options.timeoutMs', { limiter, timeoutMs: 0 }, RangeError],
    ['options.onOutage', { limiter, onOutage: 'reject' }, RangeError],
    ['options.prefx', { limiter, prefx: 'a' }, TypeError],
  ])('a wrong %s is named', (name, options, Class) => {
    const make = () => new RateLimiter(options as never)

    expect(make).toThrow(Class)
    expect(make).toThrow(expect.objectContaining({ message: expect.stringMatching(`^${name} `) }))
  })

  test('options of @upstash/ratelimit are accepted', () => {
    const theirs = { redis: {}, analytics: true, timeout: 1000, ephemeralCache: new Map(), prefix: 'app' }

    expect(() => new RateLimiter({ limiter, ...theirs } as RateLimiterOptions)).not.toThrow()
  })

  test.each([
    ['id', (one: RateLimiter) => one.limit('')],
    ['options.rate', (one: RateLimiter) => one.limit('a', { rate: 0 })],
    ['rate', (one: RateLimiter) => one.refund('a', -1)],
    ['seconds', (one: RateLimiter) => one.block('a', 0)],
    ['options.limit', (one: RateLimiter) => one.setDynamicLimit({ limit: -1 })],
    ['options.blocking', (one: RateLimiter) => one.block('a', 5)],
    ['options.dynamicLimits', (one: RateLimiter) => one.getDynamicLimit()],
  ])('a wrong %s rejects', async (name, call) => {
    await expect(call(limiterOf(limiter))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringMatching(`^${name} `),
    })
  })
})

test('what limiters have done is counted by name', async () => {
  const name = uniqueKey()
  const limiter = limiterOf(RateLimiter.fixedWindow(1, window), { name })

  for (let call = 0; call < 3; call += 1) await limiter.limit('guest')

  expect(redisManager.getMetrics().rateLimits[name]).toStrictEqual({
    allowed: 1,
    denied: 1,
    deniedByCache: 1,
    fellBack: 0,
  })
  expect(redisManager.getMetrics({ format: 'prometheus' })).toContain(
    `redlatch_rate_limits_total{limiter="${name}",result="deniedByCache"} 1`,
  )
})
