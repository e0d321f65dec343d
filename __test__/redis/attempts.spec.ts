import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { Redis } from '@upstash/redis'
import { RateLimitCache } from 'redlatch'
import { sharedGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

const PROCESSES = 4
const CALLS = 300

const { url, token } = sharedGateway()
const redis = new Redis({ url, token })

/** How the application's own module counts: it reads the array, and writes it with one time more. */
const legacy = {
  async within(key: string, windowSeconds = 300): Promise<number[]> {
    const times = (await redis.get<number[]>(`rate_limit:${key}`)) ?? []
    return times.filter((time) => time > Date.now() - windowSeconds * 1000)
  },
  async record(key: string, windowSeconds = 300): Promise<void> {
    const times = [...(await legacy.within(key, windowSeconds)), Date.now()]
    await redis.set(`rate_limit:${key}`, times, { ex: windowSeconds + 60 })
  },
}

test('of 300 mixed calls of each of 4 processes no attempt is lost', async () => {
  const keys = [uniqueKey(), uniqueKey()]
  const program = join(__dirname, '..', 'support', 'attempts-process.cjs')
  const env = {
    PATH: process.env.PATH ?? '',
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
    ATTEMPTS_KEYS: JSON.stringify(keys),
    ATTEMPTS_CALLS: String(CALLS),
    ATTEMPTS_MAX: '5',
  }

  const exits = Array.from({ length: PROCESSES }, () => once(fork(program, { env }), 'exit'))
  expect(await Promise.all(exits)).toStrictEqual(Array.from({ length: PROCESSES }, () => [0, null]))

  const counted = await Promise.all(keys.map((key) => RateLimitCache.getRateLimitStatus(key, 5)))
  const seen = await Promise.all(keys.map((key) => legacy.within(key)))
  const recorded = (PROCESSES * CALLS) / 3 / keys.length
  expect(counted.map(({ attempts }) => attempts)).toStrictEqual([recorded, recorded])
  expect(seen.map((times) => times.length)).toStrictEqual([recorded, recorded])
})

test('attempts of the TypeScript module and of this package count together', async () => {
  const key = uniqueKey()

  await legacy.record(key)
  await RateLimitCache.recordAttempt(key)
  await legacy.record(key)

  expect(await legacy.within(key)).toHaveLength(3)
  expect(await RateLimitCache.checkRateLimit(key, 3)).toMatchObject({ allowed: false, totalHits: 3 })
})
