import { describe, expect, test } from '@jest/globals'
import { Redis } from '@upstash/redis'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { sharedGateway } from '../support/gateway'
import { claim, customer, submission, subscription, uniqueKey } from '../support/samples'

const { url, token } = sharedGateway()
const official = new Redis({ url, token, automaticDeserialization: false, enableTelemetry: false })

interface Cache {
  write: (name: string) => Promise<unknown>
  read: (name: string) => Promise<unknown>
  prefix: string
  value: unknown
}

const isText = (value: unknown): value is string => typeof value === 'string'
const textOf = (value: unknown) => (isText(value) ? value : JSON.stringify(value))

const result = { url: 'https://example.com/é?a="b"', list: [], big: 1e21, emoji: '👩‍👩‍👧‍👦' }

const caches: [name: string, Cache][] = [
  [
    'idempotency:',
    {
      prefix: 'idempotency:',
      value: result,
      write: (name) => IdempotencyCache.set(name, result),
      read: IdempotencyCache.get,
    },
  ],
  [
    'form:',
    {
      prefix: 'form:',
      value: submission,
      write: (name) => FormCache.set(name, submission),
      read: FormCache.get,
    },
  ],
  [
    'customer:',
    {
      prefix: 'customer:',
      value: customer,
      write: (name) => CustomerCache.setCustomer(name, customer),
      read: CustomerCache.getCustomer,
    },
  ],
  [
    'user:',
    {
      prefix: 'user:',
      value: 'cus_007',
      write: (name) => CustomerCache.setUserMapping(name, 'cus_007'),
      read: CustomerCache.getCustomerByUserId,
    },
  ],
  [
    'email:',
    {
      prefix: 'email:',
      value: '12345678901234567890',
      write: (name) => CustomerCache.setEmailMapping(name, '12345678901234567890'),
      read: CustomerCache.getCustomerByEmail,
    },
  ],
  [
    'subscription:',
    {
      prefix: 'subscription:',
      value: subscription,
      write: (name) => CustomerCache.setSubscription(name, subscription),
      read: CustomerCache.getSubscription,
    },
  ],
  [
    'no prefix',
    {
      prefix: '',
      value: ' {"a": 1.0} ',
      write: (name) => redisManager.set(name, ' {"a": 1.0} ', 60),
      read: (name) => redisManager.get(name),
    },
  ],
]

describe('side by side with the official client', () => {
  test.each(caches)('it reads what this package writes under %s', async (_, { prefix, value, write }) => {
    const name = uniqueKey()

    await write(name)

    expect(await official.get(prefix + name)).toBe(textOf(value))
  })

  test.each(caches)('this package reads what it writes under %s', async (_, { prefix, value, read }) => {
    const name = uniqueKey()

    await official.set(prefix + name, textOf(value), { ex: 60 })

    expect(await read(name)).toStrictEqual(value)
  })

  test.each(caches)('its delete under %s is seen by this package', async (_, { prefix, write, read }) => {
    const name = uniqueKey()
    await write(name)

    expect(await official.del(prefix + name)).toBe(1)

    expect(await read(name)).toBeNull()
  })

  test('a submission that it has stored blocks, is marked, and reads the same on both sides', async () => {
    const name = uniqueKey()
    await official.set(`form:${name}`, JSON.stringify(submission), { ex: 300 })

    expect(await FormCache.isProcessing(name)).toBe(true)
    expect(await FormCache.tryAcquireProcessing(name, claim)).toBe(false)
    await FormCache.markFailed(name)

    expect(JSON.parse((await official.get(`form:${name}`)) ?? '')).toStrictEqual(await FormCache.get(name))
    expect(await FormCache.get(name)).toMatchObject({
      ...submission,
      status: 'failed',
      timestamp: expect.any(Number),
    })
  })

  test('of simultaneous claims through both clients one is granted', async () => {
    const name = uniqueKey()
    const text = JSON.stringify(submission)

    const granted = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        index % 2
          ? FormCache.tryAcquireProcessing(name, claim)
          : (await official.set(`form:${name}`, text, { nx: true, ex: 300 })) === 'OK',
      ),
    )

    expect(granted.filter(Boolean)).toHaveLength(1)
  })

  test('both count with the same counter', async () => {
    const key = uniqueKey()

    await official.incr(key)
    await redisManager.incr(key, 40)

    expect(await official.incrby(key, 1)).toBe(42)
  })

  test('an entry that it overwrites between two marks keeps its new content', async () => {
    const name = uniqueKey()
    await FormCache.tryAcquireProcessing(name, claim)
    const text = JSON.stringify({ ...submission, eventId: 'evt_other' })
    await official.set(`form:${name}`, text, { ex: 300 })

    await FormCache.markCompleted(name)

    expect(await FormCache.get(name)).toMatchObject({ eventId: 'evt_other', status: 'completed' })
  })
})

describe('the commands of this package, through the official client', () => {
  test('strings, TTLs and counters', async () => {
    const [key, counter] = [uniqueKey(), uniqueKey()]

    expect(await official.ping()).toBe('PONG')
    expect(await official.set(key, 'é😀"\0', { ex: 60 })).toBe('OK')
    expect(await official.set(key, 'other', { nx: true, ex: 60 })).toBeNull()
    expect(await official.get(key)).toBe('é😀"\0')
    expect(await official.mget(key, counter)).toStrictEqual(['é😀"\0', null])
    expect(await official.exists(key)).toBe(1)
    expect(await official.expire(key, 30)).toBe(1)
    expect(await official.expire(counter, 30)).toBe(0)
    expect(await official.incrby(counter, 5)).toBe(5)
    expect(await official.set(counter, 'v', { pxat: Date.now() + 60_000 })).toBe('OK')
    expect(await official.getdel(counter)).toBe('v')
    expect(await official.del(key, counter)).toBe(1)
  })

  test('scripts, pipelines and transactions', async () => {
    const key = uniqueKey()
    const script = `return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0 -- ${key}`
    await official.set(key, 'value', { ex: 60 })

    const evaluated = await official.eval(script, [key], ['value'])
    const digest = await official.scriptLoad(script)
    const again = await official.evalsha(digest, [key], ['other'])
    const piped = await official.pipeline().get(key).del(key).exec()
    const executed = await official.multi().set(key, '1', { ex: 60 }).incr(key).exec()

    expect([evaluated, again]).toStrictEqual([1, 0])
    expect([piped, executed]).toStrictEqual([
      ['value', 1],
      ['OK', 2],
    ])
  })
})
