import { beforeAll, describe, expect, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { claim, customer, submission, subscription, uniqueKey } from '../support/samples'

interface Entry {
  label: string
  key: string
  write: () => Promise<unknown>
  written?: string | null
}

function entry(label: string, prefix: string, write: (name: string) => Promise<unknown>): Entry {
  const name = uniqueKey()
  return { label, key: prefix + name, write: () => write(name) }
}

const marked = async (name: string, mark: () => Promise<void>) => {
  await FormCache.set(name, submission)
  await mark()
}

/** Entries that are to live for two seconds, and the one that lives for the five of a double click. */
const entries = [
  entry('redisManager.set', '', (name) => redisManager.set(name, 'value', 2)),
  entry('redisManager.setNx', '', (name) => redisManager.setNx(name, 'value', 2)),
  entry('redisManager.expire', '', async (name) => {
    await redisManager.set(name, 'value')
    await redisManager.expire(name, 2)
  }),
  entry('redisManager.incr of a key that expires', '', async (name) => {
    await redisManager.set(name, '41', 2)
    await redisManager.incr(name)
  }),
  entry('redisManager.setWithTimestamp', '', (name) =>
    redisManager.setWithTimestamp(name, 'value', Date.now() + 2000),
  ),
  entry('IdempotencyCache.set', 'idempotency:', (name) => IdempotencyCache.set(name, { url: '/' }, 2)),
  entry('FormCache.set', 'form:', (name) => FormCache.set(name, submission, 2)),
  entry('FormCache.tryAcquireProcessing', 'form:', (name) => FormCache.tryAcquireProcessing(name, claim, 2)),
  entry('FormCache.markCompleted', 'form:', (name) => marked(name, () => FormCache.markCompleted(name, 2))),
  entry('FormCache.markFailed', 'form:', (name) => marked(name, () => FormCache.markFailed(name, 2))),
  entry('CustomerCache.setCustomer', 'customer:', (name) => CustomerCache.setCustomer(name, customer, 2)),
  entry('CustomerCache.setUserMapping', 'user:', (name) => CustomerCache.setUserMapping(name, 'cus_1', 2)),
  entry('CustomerCache.setEmailMapping', 'email:', (name) => CustomerCache.setEmailMapping(name, 'cus_1', 2)),
  entry('CustomerCache.setSubscription', 'subscription:', (name) =>
    CustomerCache.setSubscription(name, subscription, 2),
  ),
  entry('FormCache.markCompleted without a TTL', 'form:', (name) =>
    marked(name, () => FormCache.markCompleted(name)),
  ),
]

describe('an entry with a TTL', () => {
  beforeAll(async () => {
    // All at once, so that the table takes no longer than its longest TTL.
    await Promise.all(
      entries.map(async (each) => {
        await each.write()
        each.written = await redisManager.get(each.key)
      }),
    )
  })

  test.each(entries.map((each): [string, Entry] => [each.label, each]))(
    'what %s writes is there and goes away by itself',
    async (_, { key, written }) => {
      expect(written).toEqual(expect.any(String))

      await eventually(async () => (await redisManager.get(key)) === null)

      expect(await redisManager.exists(key)).toBe(false)
    },
    20_000,
  )
})

describe('once an entry has expired', () => {
  const soon = () => Date.now() + 100
  const expired = async (key: string) => eventually(async () => (await redisManager.get(key)) === null)

  test('isProcessing is false and the next claim is granted', async () => {
    const name = uniqueKey()
    await redisManager.setWithTimestamp(`form:${name}`, JSON.stringify(submission), soon())

    await expired(`form:${name}`)

    expect(await FormCache.isProcessing(name)).toBe(false)
    expect(await FormCache.get(name)).toBeNull()
    expect(await FormCache.tryAcquireProcessing(name, claim)).toBe(true)
  })

  test.each(['markCompleted', 'markFailed'] as const)('%s does not bring it back', async (mark) => {
    const name = uniqueKey()
    await redisManager.setWithTimestamp(`form:${name}`, JSON.stringify(submission), soon())
    // The process has seen the entry, and so knows what to compare with.
    await FormCache.get(name)
    await expired(`form:${name}`)

    await FormCache[mark](name)

    expect(await redisManager.exists(`form:${name}`)).toBe(false)
  })

  test('setNx creates it again', async () => {
    const key = uniqueKey()
    await redisManager.setWithTimestamp(key, 'old', soon())

    await expired(key)

    expect(await redisManager.setNx(key, 'new', 60)).toBe(true)
    expect(await redisManager.get(key)).toBe('new')
  })
})

describe('without a TTL', () => {
  test('set takes away the TTL that the key had', async () => {
    const [key, witness] = [uniqueKey(), uniqueKey()]
    await redisManager.setWithTimestamp(key, 'old', Date.now() + 100)
    await redisManager.set(key, 'new')
    await redisManager.setWithTimestamp(witness, 'value', Date.now() + 200)

    await eventually(async () => !(await redisManager.exists(witness)))

    expect(await redisManager.get(key)).toBe('new')
  })
})
