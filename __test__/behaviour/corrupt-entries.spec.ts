import { describe, expect, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { customer, submission, subscription, uniqueKey } from '../support/samples'

interface Reader {
  read: (key: string) => Promise<unknown>
  prefix: string
  sample?: object
  /** The fields that an entry must have, each with values that it may not have. */
  wrong?: Record<string, unknown[]>
}

const readers: [name: string, Reader][] = [
  ['IdempotencyCache.get', { read: IdempotencyCache.get, prefix: 'idempotency:' }],
  [
    'FormCache.get',
    {
      read: FormCache.get,
      prefix: 'form:',
      sample: submission,
      wrong: { status: ['done', 7, null], timestamp: ['1', null] },
    },
  ],
  [
    'CustomerCache.getCustomer',
    {
      read: CustomerCache.getCustomer,
      prefix: 'customer:',
      sample: customer,
      wrong: { stripeCustomerId: ['', 1, null, ['cus_1']] },
    },
  ],
  [
    'CustomerCache.getSubscription',
    {
      read: CustomerCache.getSubscription,
      prefix: 'subscription:',
      sample: subscription,
      wrong: { id: ['', 1, null, {}] },
    },
  ],
]

const notJson = [
  '',
  ' ',
  'null',
  'true',
  '7',
  '"text"',
  'undefined',
  '[object Object]',
  '{',
  '{]',
  '{"a":1',
  '{"a":1}}',
  '{"a":1}\0',
  "{'a':1}",
  '{"a":01}',
  '{"a":NaN}',
  '{"a":1,}',
  '{"a":"\n"}',
  '{"a":"\\x"}',
  '\ufeff{"a":1}',
  '{a:1}',
  'OK',
]

async function expectRemoval({ read, prefix }: Reader, text: string) {
  const key = uniqueKey()
  await redisManager.set(prefix + key, text, 60)

  expect(await read(key)).toBeNull()
  expect(await redisManager.get(prefix + key)).toBeNull()
}

describe('corrupt entries', () => {
  test.each(
    readers.flatMap(([name, reader]) =>
      notJson.map((text): [string, string, Reader] => [name, text, reader]),
    ),
  )('%s reads %j as null and removes it', async (_, text, reader) => {
    await expectRemoval(reader, text)
  })

  test.each(
    readers.flatMap(([name, reader]) =>
      Object.keys(reader.wrong ?? {}).map((field): [string, string, Reader] => [name, field, reader]),
    ),
  )('%s reads an entry without %s as null and removes it', async (_, field, reader) => {
    await expectRemoval(reader, JSON.stringify({ ...reader.sample, [field]: undefined }))
  })

  test.each(
    readers.flatMap(([name, reader]) =>
      Object.entries(reader.wrong ?? {}).flatMap(([field, values]) =>
        values.map((value): [string, unknown, string, Reader] => [name, value, field, reader]),
      ),
    ),
  )('%s reads an entry with %j as %s as null and removes it', async (_, value, field, reader) => {
    await expectRemoval(reader, JSON.stringify({ ...reader.sample, [field]: value }))
  })

  test.each(readers.slice(1))(
    '%s reads an array and an empty object as null and removes them',
    async (_, reader) => {
      await expectRemoval(reader, JSON.stringify([reader.sample]))
      await expectRemoval(reader, '{}')
    },
  )

  test('isProcessing is false for a corrupt entry, which is removed', async () => {
    const key = uniqueKey()
    await redisManager.set(`form:${key}`, '{"status":"processing"}', 60)

    expect(await FormCache.isProcessing(key)).toBe(false)
    expect(await redisManager.exists(`form:${key}`)).toBe(false)
  })

  test.each(['markCompleted', 'markFailed'] as const)('%s removes a corrupt entry', async (mark) => {
    const key = uniqueKey()
    await redisManager.set(`form:${key}`, '{"status":"processing"}', 60)

    await FormCache[mark](key)

    expect(await redisManager.exists(`form:${key}`)).toBe(false)
  })
})

describe('valid entries', () => {
  test.each(readers)('%s leaves a valid entry in place', async (_, { read, prefix, sample }) => {
    const key = uniqueKey()
    const text = JSON.stringify(sample ?? { url: '/' })
    await redisManager.set(prefix + key, text, 60)

    expect(await read(key)).toStrictEqual(JSON.parse(text))
    expect(await redisManager.get(prefix + key)).toBe(text)
  })

  test.each(readers)(
    '%s leaves a valid entry with white space and more fields in place',
    async (_, reader) => {
      const key = uniqueKey()
      const text = `\t${JSON.stringify({ more: [1], ...reader.sample }, null, 2)}\r\n`
      await redisManager.set(reader.prefix + key, text, 60)

      expect(await reader.read(key)).toStrictEqual(JSON.parse(text))
      expect(await redisManager.get(reader.prefix + key)).toBe(text)
    },
  )

  const onlyIds: [name: string, prefix: string, read: Reader['read'], id: object][] = [
    ['customer', 'customer:', CustomerCache.getCustomer, { stripeCustomerId: 'cus_1' }],
    ['subscription', 'subscription:', CustomerCache.getSubscription, { id: 'sub_1' }],
  ]

  test('a submission needs no more than its status and timestamp and stays', async () => {
    const state = { status: 'processing', timestamp: 7 }
    for (const entry of [state, { ...state, eventId: 7, guestEmail: null, email: 'guest@example.com' }]) {
      const key = uniqueKey()
      await redisManager.set(`form:${key}`, JSON.stringify(entry), 60)

      expect(await FormCache.isProcessing(key)).toBe(true)
      expect(await FormCache.get(key)).toStrictEqual(entry)
    }
  })

  test.each(onlyIds)('a %s needs no more than its id and stays', async (_, prefix, read, id) => {
    const odd = {
      ...id,
      email: null,
      status: 7,
      created: '1',
      currentPeriodEnd: { at: 1 },
      cancelAtPeriodEnd: 0,
    }
    for (const entry of [id, odd]) {
      const key = uniqueKey()
      await redisManager.set(prefix + key, JSON.stringify(entry), 60)

      expect(await read(key)).toStrictEqual(entry)
      expect(await redisManager.exists(prefix + key)).toBe(true)
    }
  })
})
