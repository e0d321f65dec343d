import { describe, expect, test } from '@jest/globals'
import { Redis } from '@upstash/redis'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { sharedGateway } from '../support/gateway'
import { claim, customer, submission, subscription, uniqueKey } from '../support/samples'

const { url, token } = sharedGateway()
const official = new Redis({ url, token, automaticDeserialization: false, enableTelemetry: false })

const noExpiry = -1
const noKey = -2

/**
 * What PTTL answers for an entry that was given so many seconds. The time that has passed since is not measured but
 * allowed for, generously.
 */
async function expectSeconds(key: string, seconds: number) {
  const left = await official.pttl(key)
  expect(left).toBeLessThanOrEqual(seconds * 1000)
  expect(left).toBeGreaterThan(seconds * 1000 - Math.min(4_000, seconds * 900))
}

type Write = (name: string, ttlSeconds?: number) => Promise<unknown>

const withEntry =
  (mark: Write): Write =>
  async (name, ttlSeconds) => {
    await FormCache.set(name, submission, 100)
    await mark(name, ttlSeconds)
  }

const writes: [label: string, prefix: string, seconds: number, write: Write][] = [
  ['IdempotencyCache.set', 'idempotency:', 600, (name, ttl) => IdempotencyCache.set(name, { url: '/' }, ttl)],
  ['FormCache.set', 'form:', 300, (name, ttl) => FormCache.set(name, submission, ttl)],
  [
    'FormCache.tryAcquireProcessing',
    'form:',
    300,
    (name, ttl) => FormCache.tryAcquireProcessing(name, claim, ttl),
  ],
  ['FormCache.markCompleted', 'form:', 5, withEntry((name, ttl) => FormCache.markCompleted(name, ttl))],
  ['FormCache.markFailed', 'form:', 300, withEntry((name, ttl) => FormCache.markFailed(name, ttl))],
  [
    'CustomerCache.setCustomer',
    'customer:',
    86_400,
    (name, ttl) => CustomerCache.setCustomer(name, customer, ttl),
  ],
  [
    'CustomerCache.setUserMapping',
    'user:',
    86_400,
    (name, ttl) => CustomerCache.setUserMapping(name, 'cus_1', ttl),
  ],
  [
    'CustomerCache.setEmailMapping',
    'email:',
    86_400,
    (name, ttl) => CustomerCache.setEmailMapping(name, 'cus_1', ttl),
  ],
  [
    'CustomerCache.setSubscription',
    'subscription:',
    86_400,
    (name, ttl) => CustomerCache.setSubscription(name, subscription, ttl),
  ],
]

describe('TTLs of the caches', () => {
  test.each(writes)('what %s writes under %s lives for %s seconds', async (_, prefix, seconds, write) => {
    const name = uniqueKey()

    await write(name)

    await expectSeconds(prefix + name, seconds)
  })

  test.each(writes)(
    'what %s writes lives for the seconds that it is given',
    async (_, prefix, _seconds, write) => {
      const name = uniqueKey()

      await write(name, 1234)

      await expectSeconds(prefix + name, 1234)
    },
  )

  test('a claim that is refused does not lengthen the entry', async () => {
    const name = uniqueKey()
    await FormCache.tryAcquireProcessing(name, claim, 20)

    await FormCache.tryAcquireProcessing(name, claim, 1000)

    await expectSeconds(`form:${name}`, 20)
  })
})

describe('TTLs of redisManager', () => {
  test('without a TTL a key stays', async () => {
    const key = uniqueKey()

    await redisManager.set(key, 'value')

    expect(await official.pttl(key)).toBe(noExpiry)
  })

  test.each([
    ['set', (key: string) => redisManager.set(key, 'value', 1234)],
    ['setNx', (key: string) => redisManager.setNx(key, 'value', 1234)],
    [
      'setWithTimestamp',
      (key: string) => redisManager.setWithTimestamp(key, 'value', Date.now() + 1_234_000),
    ],
    [
      'expire after set',
      (key: string) => redisManager.set(key, 'value').then(() => redisManager.expire(key, 1234)),
    ],
  ])('%s gives a key the time that it is given', async (_, write) => {
    const key = uniqueKey()

    await write(key)

    await expectSeconds(key, 1234)
  })

  test('set without a TTL takes away the one that the key had', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'old', 60)

    await redisManager.set(key, 'new')

    expect(await official.pttl(key)).toBe(noExpiry)
  })

  test('setNx of a key that is there leaves its TTL alone', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'value', 20)

    await redisManager.setNx(key, 'other', 1000)

    await expectSeconds(key, 20)
  })

  test('incr keeps the TTL of the key, and gives a new one none', async () => {
    const [old, fresh] = [uniqueKey(), uniqueKey()]
    await redisManager.set(old, '1', 20)

    await redisManager.incr(old, 5)
    await redisManager.incr(fresh)

    await expectSeconds(old, 20)
    expect(await official.pttl(fresh)).toBe(noExpiry)
  })

  test('setWithTimestamp takes a moment to the millisecond', async () => {
    const key = uniqueKey()
    const moment = Date.now() + 60_123

    await redisManager.setWithTimestamp(key, 'value', moment)

    expect(await official.exec(['PEXPIRETIME', key])).toBe(moment)
  })

  test('a moment already past leaves no key behind', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'old')

    await redisManager.setWithTimestamp(key, 'value', Date.now() - 1)

    expect(await official.pttl(key)).toBe(noKey)
  })
})
