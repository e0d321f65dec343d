import { describe, expect, test } from '@jest/globals'
import { RateLimitCache, redisManager } from 'redlatch'
import { uniqueKey } from '../support/samples'

const entry = (key: string) => redisManager.get(`rate_limit:${key}`)

/** Stores attempts that were made so many milliseconds ago, as a TypeScript module does. */
const store = (key: string, ...ages: number[]) =>
  redisManager.set(`rate_limit:${key}`, JSON.stringify(ages.map((age) => Date.now() - age)), 360)

describe('RateLimitCache', () => {
  test('allows until the maximum is recorded', async () => {
    const key = uniqueKey()
    const before = Date.now()
    expect(await RateLimitCache.checkRateLimit(key, 2)).toMatchObject({
      allowed: true,
      remaining: 2,
      totalHits: 0,
    })

    await RateLimitCache.recordAttempt(key)
    await RateLimitCache.recordAttempt(key)

    const { resetTime, ...check } = await RateLimitCache.checkRateLimit(key, 2)
    expect(check).toStrictEqual({ allowed: false, remaining: 0, totalHits: 2 })
    expect(resetTime).toBeGreaterThanOrEqual(before + 300_000)
    expect(resetTime).toBeLessThanOrEqual(Date.now() + 300_000)
    expect(await RateLimitCache.getRateLimitStatus(key, 2)).toStrictEqual({
      attempts: 2,
      remaining: 0,
      resetTime,
      blocked: true,
    })
  })

  test('a check records nothing', async () => {
    const key = uniqueKey()

    await RateLimitCache.checkRateLimit(key, 5)

    expect(await RateLimitCache.getRateLimitStatus(key, 5)).toMatchObject({ attempts: 0, blocked: false })
    expect(await entry(key)).toBeNull()
  })

  test('attempts before the window do not count', async () => {
    const key = uniqueKey()
    await store(key, 61_000, 30_000, 10)

    const { resetTime, ...check } = await RateLimitCache.checkRateLimit(key, 5, 60)

    expect(check).toStrictEqual({ allowed: true, remaining: 3, totalHits: 2 })
    expect(Math.abs(resetTime - (Date.now() + 30_000))).toBeLessThan(5_000)
  })

  test('the attempts are an array of Unix milliseconds, as the TypeScript module has it', async () => {
    const key = uniqueKey()
    await store(key, 10)

    await RateLimitCache.recordAttempt(key)

    const times: number[] = JSON.parse((await entry(key)) ?? '')
    expect(times).toHaveLength(2)
    expect(Math.abs(Date.now() - (times[1] ?? 0))).toBeLessThan(5_000)
  })

  test('of 100 attempts at once none is lost', async () => {
    const key = uniqueKey()

    await Promise.all(Array.from({ length: 100 }, () => RateLimitCache.recordAttempt(key)))

    expect((await RateLimitCache.getRateLimitStatus(key, 100)).attempts).toBe(100)
  })

  test('a reset removes all attempts', async () => {
    const key = uniqueKey()
    await RateLimitCache.recordAttempt(key)

    await RateLimitCache.resetRateLimit(key)

    expect((await RateLimitCache.checkRateLimit(key, 1)).allowed).toBe(true)
    await RateLimitCache.recordAttempt(key)
    expect((await RateLimitCache.checkRateLimit(key, 1)).totalHits).toBe(1)
  })

  test('a maximum of 0 allows nothing', async () => {
    expect((await RateLimitCache.checkRateLimit(uniqueKey(), 0)).allowed).toBe(false)
  })

  test('a corrupt entry counts as none', async () => {
    const key = uniqueKey()
    await redisManager.set(`rate_limit:${key}`, '{"not":"an array"}', 60)

    expect((await RateLimitCache.checkRateLimit(key, 1)).totalHits).toBe(0)
    expect(await entry(key)).toBeNull()
  })
})
