import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Lock } from '@upstash/lock'
import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { type Gateway, startGateway } from '../support/gateway'
import { claim, uniqueKey } from '../support/samples'

let gateway: Gateway
let official: Redis

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)

/** Long enough that no test sees the next window. */
const window = '30 d'

const algorithms: [name: string, Parameters<typeof limiter>[0]][] = [
  ['fixedWindow', Ratelimit.fixedWindow(3, window)],
  ['slidingWindow', Ratelimit.slidingWindow(3, window)],
  ['tokenBucket', Ratelimit.tokenBucket(3, window, 3)],
]

function limiter(algorithm: ReturnType<typeof Ratelimit.fixedWindow>): Ratelimit {
  return new Ratelimit({ redis: official, limiter: algorithm, prefix: uniqueKey(), ephemeralCache: false })
}

function lockOn(id: string): Lock {
  return new Lock({ redis: official, id, lease: 60_000, retry: { attempts: 1, delay: 0 } })
}

const times = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)))

beforeAll(async () => {
  gateway = await startGateway()
  official = new Redis({ url: gateway.url, token: gateway.token, enableTelemetry: false })
  redisManager.configure({ url: gateway.url, token: gateway.token })
})

afterAll(async () => {
  await redisManager.close()
  await gateway.stop()
})

describe('@upstash/ratelimit', () => {
  test.each(algorithms)('%s grants as much as its limit', async (_, algorithm) => {
    const limit = limiter(algorithm)

    const answers = []
    for (let call = 0; call < 4; call++) answers.push(await limit.limit('someone'))
    const other = await limit.limit('someone else')

    expect(answers.map(({ success, remaining }) => [success, remaining])).toStrictEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
    ])
    expect(answers.map(({ reason }) => reason)).toStrictEqual(Array(4).fill(undefined))
    expect(other).toMatchObject({ success: true, remaining: 2, limit: 3 })
  })

  test.each(algorithms)('%s tells what remains, and forgets on request', async (_, algorithm) => {
    const limit = limiter(algorithm)
    await limit.limit('someone')

    const before = await limit.getRemaining('someone')
    await limit.resetUsedTokens('someone')
    const after = await limit.getRemaining('someone')

    expect([before.remaining, after.remaining]).toStrictEqual([2, 3])
  })

  test.each(algorithms)('%s grants simultaneous calls as much as its limit', async (_, algorithm) => {
    const limit = limiter(algorithm)

    const answers = await times(20, () => limit.limit('someone'))

    expect(answers.filter(({ success }) => success)).toHaveLength(3)
  })

  test('a script is sent once, and again after Redis has lost it', async () => {
    const limit = limiter(Ratelimit.fixedWindow(100, window))
    const sent = async () => (await gateway.counters()).commands.byName.EVAL ?? 0
    await official.scriptFlush()
    const before = await sent()

    for (let call = 0; call < 5; call++) await limit.limit('someone')
    const once = await sent()
    await gateway.restartRedis()
    const answer = await limit.limit('someone')

    expect([once - before, (await sent()) - before]).toStrictEqual([1, 2])
    expect(answer).toMatchObject({ success: true, remaining: 99 })
  })
})

describe('@upstash/lock', () => {
  test('one holds it until it is released, and only the holder releases it', async () => {
    const id = uniqueKey()
    const [one, other] = [lockOn(id), lockOn(id)]

    expect(await one.acquire()).toBe(true)
    expect(await other.acquire()).toBe(false)
    expect(await one.getStatus()).toBe('ACQUIRED')
    expect(await one.release()).toBe(true)
    expect(await other.acquire()).toBe(true)
    expect(await one.release()).toBe(false)
    expect(await one.getStatus()).toBe('FREE')
    expect(await other.getStatus()).toBe('ACQUIRED')
  })

  test('its holder extends it', async () => {
    const id = uniqueKey()
    const lock = lockOn(id)
    await lock.acquire()

    expect(await lock.extend(60_000)).toBe(true)

    expect(await official.ttl(id)).toBeGreaterThan(60)
  })

  test('of simultaneous callers one acquires it', async () => {
    const id = uniqueKey()

    const acquired = await times(20, () => lockOn(id).acquire())

    expect(acquired.filter(Boolean)).toHaveLength(1)
  })
})

describe('this package beside them', () => {
  beforeEach(() => void warn.mockClear())

  test('of simultaneous claims, locks and limits each is granted as often as alone', async () => {
    const [key, counter] = [uniqueKey(), uniqueKey()]
    const limit = limiter(Ratelimit.slidingWindow(3, window))

    const [claims, locks, limits, counts] = await Promise.all([
      times(20, () => FormCache.tryAcquireProcessing(key, claim)),
      times(20, () => lockOn(key).acquire()),
      times(20, async () => (await limit.limit(key)).success),
      times(20, () => redisManager.incr(counter)),
    ])

    expect([claims, locks, limits].map((granted) => granted.filter(Boolean).length)).toStrictEqual([1, 1, 3])
    expect(Math.max(...counts)).toBe(20)
    expect(await FormCache.get(key)).toMatchObject({ ...claim, status: 'processing' })
    expect(redisManager.getMetrics().state).toBe('available')
    expect(warn).not.toHaveBeenCalled()
  })

  test('marks and results are whole after others have flushed the scripts', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)
    await IdempotencyCache.set(key, { url: '/' })

    await official.scriptFlush()
    await Promise.all([
      FormCache.markCompleted(key, 60),
      limiter(Ratelimit.tokenBucket(3, window, 3)).limit(key),
      lockOn(key).acquire(),
    ])

    expect(await official.get(`form:${key}`)).toMatchObject({ status: 'completed' })
    expect(await official.get(`idempotency:${key}`)).toStrictEqual({ url: '/' })
    expect(warn).not.toHaveBeenCalled()
  })
})
