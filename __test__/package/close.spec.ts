import { afterEach, describe, expect, test } from '@jest/globals'
import { IdempotencyCache, redisManager } from 'redlatch'
import { sharedGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

const { url, token } = sharedGateway()
const onRedis = () => redisManager.configure({ url, token })
const onMemory = () => redisManager.configure({ disableRedis: false })

afterEach(async () => {
  await redisManager.close()
  redisManager.configure()
})

describe.each([
  ['memory', onMemory],
  ['Redis', onRedis],
])('close on %s', (_, configure) => {
  test('close resolves to undefined, also before the first call and a second time', async () => {
    configure()

    expect([await redisManager.close(), await redisManager.close()]).toStrictEqual([undefined, undefined])
  })

  test('close lets pending calls finish', async () => {
    configure()
    const key = uniqueKey()
    let answered = 0
    const calls = Array.from({ length: 500 }, async () => {
      const sum = await redisManager.incr(key)
      answered += 1
      return sum
    })

    await redisManager.close()

    expect(answered).toBe(500)
    expect(Math.max(...(await Promise.all(calls)))).toBe(500)
  })

  test('the next call starts anew, whether close has finished or not', async () => {
    configure()
    const key = uniqueKey()
    await redisManager.set(key, 'old', 60)

    const closed = redisManager.close()
    await redisManager.set(key, 'new', 60)
    await closed

    expect(await redisManager.get(key)).toBe('new')
  })

  test('several closes in one turn all resolve', async () => {
    configure()
    await redisManager.get(uniqueKey())

    await expect(Promise.all([redisManager.close(), redisManager.close()])).resolves.toStrictEqual([
      undefined,
      undefined,
    ])
  })
})

test('close waits for calls that were made with earlier settings', async () => {
  onRedis()
  const key = uniqueKey()
  let isStored = false
  const stored = redisManager.set(key, 'value', 60).then(() => {
    isStored = true
  })
  onMemory()

  await redisManager.close()

  expect(isStored).toBe(true)
  await stored
})

test('an object whose toJSON calls close is stored by the service that was open', async () => {
  onMemory()
  const closing = {
    url: 'https://example.com',
    toJSON: () => {
      void redisManager.close()
      return { url: 'https://example.com' }
    },
  }
  await redisManager.exists(uniqueKey())

  await expect(IdempotencyCache.set(uniqueKey(), closing)).resolves.toBeUndefined()
})

test('a second close resolves no sooner than the calls that the first one waits for', async () => {
  onRedis()
  let isAnswered = false
  const answered = redisManager.get(uniqueKey()).then(() => {
    isAnswered = true
  })
  const first = redisManager.close()

  await redisManager.close()

  expect(isAnswered).toBe(true)
  await Promise.all([first, answered])
})

describe('after close', () => {
  test('memory is empty', async () => {
    onMemory()
    const key = uniqueKey()
    await redisManager.set(key, 'value', 60)

    await redisManager.close()

    expect(await redisManager.get(key)).toBeNull()
    expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(0)
  })

  test('Redis still has its values', async () => {
    onRedis()
    const key = uniqueKey()
    await redisManager.set(key, 'value', 60)

    await redisManager.close()

    expect(await redisManager.get(key)).toBe('value')
  })

  test('settings in code stay', async () => {
    onRedis()
    await redisManager.close()

    expect(redisManager.getCacheStats().cacheType).toBe('Redis')
  })

  test('the environment is read again', async () => {
    const before = redisManager.getCacheStats().cacheType
    process.env.UPSTASH_REDIS_REST_URL = url
    process.env.UPSTASH_REDIS_REST_TOKEN = token
    const unread = redisManager.getCacheStats().cacheType

    await redisManager.close()

    const after = redisManager.getCacheStats().cacheType
    delete process.env.UPSTASH_REDIS_REST_URL
    delete process.env.UPSTASH_REDIS_REST_TOKEN
    expect([before, unread, after]).toStrictEqual(['In-Memory', 'In-Memory', 'Redis'])
  })
})
