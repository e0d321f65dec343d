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

describe.each([
  ['memory', onMemory],
  ['Redis', onRedis],
])('close while an argument is read, on %s', (_, configure) => {
  let closed: Promise<void> | undefined
  const close = () => {
    closed = redisManager.close()
  }

  test.each([
    ['a first call', async () => undefined],
    ['a call after others', () => redisManager.exists(uniqueKey())],
  ])('%s is made whose toJSON calls close', async (_, before) => {
    configure()
    await before()
    const toJSON = () => {
      close()
      return { url: 'https://example.com' }
    }

    await expect(IdempotencyCache.set(uniqueKey(), { toJSON })).resolves.toBeUndefined()
    await expect(closed).resolves.toBeUndefined()
  })

  test('calls that a toJSON makes before and after it calls close are made, too', async () => {
    configure()
    await redisManager.exists(uniqueKey())
    const [before, after] = [uniqueKey(), uniqueKey()]
    const inner: Promise<void>[] = []
    const toJSON = () => {
      inner.push(redisManager.set(before, 'value', 60))
      close()
      inner.push(redisManager.set(after, 'value', 60))
      return {}
    }

    await expect(IdempotencyCache.set(uniqueKey(), { toJSON })).resolves.toBeUndefined()
    await Promise.all([closed, ...inner])

    expect(await redisManager.get(after)).toBe('value')
  })

  test('close waits for the call whose toJSON calls it, and a second close in it resolves as well', async () => {
    configure()
    await redisManager.exists(uniqueKey())
    const order: string[] = []
    const closes: Promise<void>[] = []
    const toJSON = () => {
      closes.push(
        redisManager.close().then(() => void order.push('closed')),
        redisManager.close(),
      )
      return {}
    }

    await IdempotencyCache.set(uniqueKey(), { toJSON }).then(() => order.push('stored'))
    await Promise.all(closes)

    expect(order).toStrictEqual(['stored', 'closed'])
  })

  test('a call that fails after its toJSON has called close does not keep close from resolving', async () => {
    configure()
    await redisManager.exists(uniqueKey())
    const toJSON = () => {
      close()
      throw new Error('of the caller')
    }

    await expect(IdempotencyCache.set(uniqueKey(), { toJSON })).rejects.toThrow(TypeError)
    await expect(closed).resolves.toBeUndefined()
  })

  test('a call is made whose toJSON changes the settings and calls with the new ones', async () => {
    configure()
    await redisManager.exists(uniqueKey())
    const [key, other] = [uniqueKey(), uniqueKey()]
    let inner: Promise<void> | undefined
    const toJSON = () => {
      redisManager.configure({ url, token, timeoutMs: 4_321 })
      inner = redisManager.set(other, 'value', 60)
      return { url: 'https://example.com' }
    }

    await expect(IdempotencyCache.set(key, { toJSON })).resolves.toBeUndefined()
    await inner

    expect(await redisManager.get(other)).toBe('value')
  })

  test('getters of keys and options may call close', async () => {
    configure()
    const key = uniqueKey()
    await redisManager.set(key, 'value', 60)
    const closing = (value: string) => ({
      get: () => {
        close()
        return value
      },
    })
    const keys = Object.defineProperty([key], 0, closing(key))
    const options = Object.defineProperty({}, 'format', closing('json'))

    expect(await redisManager.mget(keys)).toStrictEqual(['value'])
    await closed
    await redisManager.exists(key)
    expect(redisManager.getMetrics(options)).toHaveProperty('state')
    await closed
  })
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
