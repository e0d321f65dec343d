import { describe, expect, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { claim, customer, submission, subscription, uniqueKey } from '../support/samples'

/** Fields and values that a careless rewrite would change: order, long numbers, empty arrays, unknown fields. */
const details = {
  z: 1,
  a: [],
  '10': { b: {}, a: null },
  '9': [1e21, 0.1, -1.5e-7, 123456789012345680000],
  text: 'é 😀 \u2028 </script> "quoted" \\ \ud800',
  at: new Date(1767261600000),
}

const odd = <T>(data: T): T => ({ ...details, ...data })

/** What a method writes: under which key, and which text. */
const writes: [label: string, write: (name: string) => Promise<unknown>, prefix: string, text: string][] = [
  [
    'IdempotencyCache.set',
    (name) => IdempotencyCache.set(name, odd({ url: '/' })),
    'idempotency:',
    JSON.stringify(odd({ url: '/' })),
  ],
  ['FormCache.set', (name) => FormCache.set(name, odd(submission)), 'form:', JSON.stringify(odd(submission))],
  [
    'FormCache.tryAcquireProcessing',
    (name) => FormCache.tryAcquireProcessing(name, odd(claim)),
    'form:',
    JSON.stringify({ ...odd(claim), status: 'processing' }),
  ],
  [
    'CustomerCache.setCustomer',
    (name) => CustomerCache.setCustomer(name, odd(customer)),
    'customer:',
    JSON.stringify(odd(customer)),
  ],
  [
    'CustomerCache.setUserMapping',
    (name) => CustomerCache.setUserMapping(name, 'cus_"1"'),
    'user:',
    'cus_"1"',
  ],
  [
    'CustomerCache.setEmailMapping',
    (name) => CustomerCache.setEmailMapping(name, 'cus_007'),
    'email:',
    'cus_007',
  ],
  [
    'CustomerCache.setSubscription',
    (name) => CustomerCache.setSubscription(name, odd(subscription)),
    'subscription:',
    JSON.stringify(odd(subscription)),
  ],
  ['redisManager.set', (name) => redisManager.set(name, ' {} ', 60), '', ' {} '],
  ['redisManager.setNx', (name) => redisManager.setNx(name, '007', 60), '', '007'],
  [
    'redisManager.setWithTimestamp',
    (name) => redisManager.setWithTimestamp(name, '1e3', Date.now() + 60_000),
    '',
    '1e3',
  ],
  ['redisManager.incr', (name) => redisManager.incr(name, -7), '', '-7'],
]

describe('what is stored', () => {
  test.each(writes)('%s stores its text byte for byte under its prefix', async (_, write, prefix, text) => {
    const name = uniqueKey()

    await write(name)

    expect(await redisManager.get(prefix + name)).toBe(text)
  })

  test.each([
    ['markCompleted', 'completed'],
    ['markFailed', 'failed'],
  ] as const)('%s changes status and timestamp in their places and no other byte', async (mark, status) => {
    const name = uniqueKey()
    await FormCache.set(name, odd(submission))

    await FormCache[mark](name, 60)

    const text = (await redisManager.get(`form:${name}`)) ?? ''
    const { timestamp } = JSON.parse(text)
    expect(text).toBe(JSON.stringify({ ...odd(submission), status, timestamp }))
  })
})

/** What the TypeScript module stores, and who reads it. */
const reads: [label: string, prefix: string, text: string, read: (name: string) => Promise<unknown>][] = [
  ['IdempotencyCache.get', 'idempotency:', JSON.stringify(odd({ url: '/' })), IdempotencyCache.get],
  ['FormCache.get', 'form:', JSON.stringify(odd(submission)), FormCache.get],
  ['CustomerCache.getCustomer', 'customer:', JSON.stringify(odd(customer)), CustomerCache.getCustomer],
  [
    'CustomerCache.getSubscription',
    'subscription:',
    JSON.stringify(odd(subscription)),
    CustomerCache.getSubscription,
  ],
]

describe('what is read', () => {
  test.each(reads)(
    '%s reads what JSON.stringify has written under its prefix',
    async (_, prefix, text, read) => {
      const name = uniqueKey()
      await redisManager.set(prefix + name, text, 60)

      expect(await read(name)).toStrictEqual(JSON.parse(text))
    },
  )

  test.each([
    ['user:', CustomerCache.getCustomerByUserId],
    ['email:', CustomerCache.getCustomerByEmail],
  ])('a mapping under %s is read as plain text', async (prefix, read) => {
    const name = uniqueKey()
    await redisManager.set(prefix + name, '"cus_1"', 60)

    expect(await read(name)).toBe('"cus_1"')
  })
})

describe('what is removed', () => {
  test('each delete removes its own key and no other', async () => {
    const name = uniqueKey()
    const prefixes = ['', 'idempotency:', 'form:', 'customer:', 'user:', 'email:', 'subscription:']
    const keys = prefixes.map((prefix) => prefix + name)
    await Promise.all(keys.map((key) => redisManager.set(key, 'value', 60)))
    const left = async () => {
      const values = await redisManager.mget(keys)
      return prefixes.filter((_, index) => values[index] !== null)
    }

    await IdempotencyCache.delete(name)
    expect(await left()).toStrictEqual(['', 'form:', 'customer:', 'user:', 'email:', 'subscription:'])
    await FormCache.delete(name)
    expect(await left()).toStrictEqual(['', 'customer:', 'user:', 'email:', 'subscription:'])
    await CustomerCache.deleteCustomer(name, name, name)
    expect(await left()).toStrictEqual(['', 'subscription:'])
    await redisManager.del(name)
    expect(await left()).toStrictEqual(['subscription:'])
  })
})
