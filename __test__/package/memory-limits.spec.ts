import { afterEach, describe, expect, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { rejection } from '../support/rejection'
import { claim, customer, submission, subscription, uniqueKey } from '../support/samples'

afterEach(async () => {
  // Takes the memory along, so that each test has its own.
  await redisManager.close()
  redisManager.configure()
})

const creations: [name: string, create: (key: string) => Promise<unknown>][] = [
  ['redisManager.set', (key) => redisManager.set(key, 'value')],
  ['redisManager.setNx', (key) => redisManager.setNx(key, 'value', 60)],
  ['redisManager.incr', (key) => redisManager.incr(key)],
  [
    'redisManager.setWithTimestamp',
    (key) => redisManager.setWithTimestamp(key, 'value', Date.now() + 60_000),
  ],
  ['IdempotencyCache.set', (key) => IdempotencyCache.set(key, { url: '/' })],
  ['FormCache.set', (key) => FormCache.set(key, submission)],
  ['FormCache.tryAcquireProcessing', (key) => FormCache.tryAcquireProcessing(key, claim)],
  ['CustomerCache.setCustomer', (key) => CustomerCache.setCustomer(key, customer)],
  ['CustomerCache.setUserMapping', (key) => CustomerCache.setUserMapping(key, 'cus_1')],
  ['CustomerCache.setEmailMapping', (key) => CustomerCache.setEmailMapping(key, 'cus_1')],
  ['CustomerCache.setSubscription', (key) => CustomerCache.setSubscription(key, subscription)],
]

function expectFull(error: Error, key: string) {
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ constructor: Error, code: 'ERR_FALLBACK_FULL' })
  expect(error.message).toMatch(/full/)
  expect(error.message).not.toContain(key)
}

describe('a memory that is full of entries', () => {
  const keys = Array.from({ length: 10 }, () => uniqueKey())

  async function fill() {
    redisManager.configure({ memory: { maxEntries: keys.length } })
    for (const key of keys) await redisManager.set(key, '7', 600)
  }

  test.each(creations)('%s rejects with ERR_FALLBACK_FULL, and what was there stays', async (_, create) => {
    await fill()
    const key = uniqueKey()

    expectFull(await rejection(() => create(key)), key)

    expect(await redisManager.mget(keys)).toStrictEqual(keys.map(() => '7'))
    expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(keys.length)
  })

  test('what is there can be changed, counted on and read', async () => {
    await fill()
    const [first = '', second = '', third = ''] = keys

    await redisManager.set(first, 'changed', 60)
    await redisManager.incr(second)
    await redisManager.expire(third, 60)

    expect(await redisManager.mget([first, second, third])).toStrictEqual(['changed', '8', '7'])
  })

  test('a delete makes room for one more', async () => {
    await fill()
    await redisManager.del(keys[0] ?? '')

    const [fits, tooMany] = await Promise.allSettled([
      redisManager.set(uniqueKey(), 'value'),
      redisManager.set(uniqueKey(), 'value'),
    ])

    expect([fits?.status, tooMany?.status]).toStrictEqual(['fulfilled', 'rejected'])
  })

  test('an entry that expires makes room', async () => {
    await fill()
    await redisManager.setWithTimestamp(keys[0] ?? '', 'value', Date.now() + 50)
    const key = uniqueKey()

    await eventually(() =>
      redisManager.set(key, 'value').then(
        () => true,
        () => false,
      ),
    )

    expect(await redisManager.get(key)).toBe('value')
  })
})

describe('a memory that is full of bytes', () => {
  const key = uniqueKey()
  const fitting = 'é'.repeat(500)
  const maxBytes = Buffer.byteLength(key + fitting)

  test('an entry that fills it to the last byte fits, and one that is larger does not replace it', async () => {
    redisManager.configure({ memory: { maxBytes } })

    await redisManager.set(key, fitting)
    const error = await rejection(() => redisManager.set(key, `${fitting}+`))

    expectFull(error, key)
    expect(await redisManager.get(key)).toBe(fitting)
  })

  test('a small entry beside it does not fit, and fits once it is gone', async () => {
    redisManager.configure({ memory: { maxBytes } })
    await redisManager.set(key, fitting)
    const other = uniqueKey()

    expectFull(await rejection(() => redisManager.setNx(other, '', 60)), other)
    await redisManager.del(key)

    expect(await redisManager.setNx(other, '', 60)).toBe(true)
  })

  test('a mark that does not fit rejects and leaves the submission as it was', async () => {
    const text = JSON.stringify({ ...submission, timestamp: 0 })
    redisManager.configure({ memory: { maxBytes: Buffer.byteLength(`form:${key}${text}`) } })
    await redisManager.set(`form:${key}`, text)

    expectFull(await rejection(() => FormCache.markCompleted(key)), key)

    expect(await redisManager.get(`form:${key}`)).toBe(text)
  })
})

describe('memories of different settings', () => {
  test('each has its own entries', async () => {
    const key = uniqueKey()
    redisManager.configure({ memory: { maxEntries: 71 } })
    await redisManager.set(key, 'one')

    redisManager.configure({ memory: { maxEntries: 72 } })

    expect(await redisManager.get(key)).toBeNull()
  })
})
