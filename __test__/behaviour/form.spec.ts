import { describe, expect, test } from '@jest/globals'
import { FormCache, redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { claim, submission, uniqueKey } from '../support/samples'

describe('set, get and delete', () => {
  test.each(['processing', 'completed', 'failed'] as const)(
    'get returns a submission that is %s',
    async (status) => {
      const key = uniqueKey()

      await FormCache.set(key, { ...submission, status })

      expect(await FormCache.get(key)).toStrictEqual({ ...submission, status })
    },
  )

  test('set resolves to undefined', async () => {
    expect(await FormCache.set(uniqueKey(), submission, 60)).toBeUndefined()
  })

  test('get of an absent key is null', async () => {
    expect(await FormCache.get(uniqueKey())).toBeNull()
  })

  test('delete forgets the submission and resolves to undefined, whether there was one or not', async () => {
    const key = uniqueKey()
    await FormCache.set(key, submission)

    expect(await FormCache.delete(key)).toBeUndefined()
    expect(await FormCache.get(key)).toBeNull()
    expect(await FormCache.delete(key)).toBeUndefined()
  })
})

describe('extend', () => {
  test.each(['processing', 'completed', 'failed'] as const)(
    'extend gives a submission that is %s a new TTL and leaves it as it is',
    async (status) => {
      const [key, other] = [uniqueKey(), uniqueKey()]
      await FormCache.set(key, { ...submission, status }, 1)
      await FormCache.set(other, submission, 1)

      const extended = await FormCache.extend(key)
      await eventually(async () => (await FormCache.get(other)) === null)

      expect([extended, await FormCache.get(key)]).toStrictEqual([true, { ...submission, status }])
    },
  )

  test('extend without an entry is false and makes none', async () => {
    const key = uniqueKey()

    expect([await FormCache.extend(key, 60), await FormCache.get(key)]).toStrictEqual([false, null])
  })
})

describe('isProcessing', () => {
  test.each([
    ['processing', true],
    ['completed', false],
    ['failed', false],
  ] as const)('isProcessing of a submission that is %s is %s', async (status, expected) => {
    const key = uniqueKey()
    await FormCache.set(key, { ...submission, status })

    expect(await FormCache.isProcessing(key)).toBe(expected)
  })

  test('isProcessing is false without an entry and after delete', async () => {
    const key = uniqueKey()

    const before = await FormCache.isProcessing(key)
    await FormCache.set(key, submission)
    await FormCache.delete(key)

    expect([before, await FormCache.isProcessing(key)]).toStrictEqual([false, false])
  })
})

describe('tryAcquireProcessing', () => {
  test('the first claim is granted and stored as processing', async () => {
    const key = uniqueKey()

    expect(await FormCache.tryAcquireProcessing(key, claim)).toBe(true)
    expect(await FormCache.get(key)).toStrictEqual({ ...claim, status: 'processing' })
    expect(await FormCache.isProcessing(key)).toBe(true)
  })

  test('a later claim is refused and changes nothing', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)

    expect(await FormCache.tryAcquireProcessing(key, { ...claim, eventId: 'evt_2' })).toBe(false)
    expect(await FormCache.get(key)).toStrictEqual({ ...claim, status: 'processing' })
  })

  test.each(['processing', 'completed', 'failed'] as const)('an entry that is %s blocks', async (status) => {
    const key = uniqueKey()
    await FormCache.set(key, { ...submission, status })

    expect(await FormCache.tryAcquireProcessing(key, claim)).toBe(false)
  })

  test('a claim is granted again after delete', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)
    await FormCache.delete(key)

    expect(await FormCache.tryAcquireProcessing(key, claim)).toBe(true)
  })

  test('a status that the caller passes along is not taken over', async () => {
    const key = uniqueKey()

    await FormCache.tryAcquireProcessing(key, { ...submission, status: 'completed' } as typeof claim)

    expect(await FormCache.get(key)).toStrictEqual({ ...submission, status: 'processing' })
  })
})

describe.each([
  ['markCompleted', 'completed'],
  ['markFailed', 'failed'],
] as const)('%s', (name, status) => {
  const mark = (key: string) => FormCache[name](key)

  test('the status and the time of the change are stored, and nothing else changes', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)
    const before = Date.now()

    const result = await mark(key)

    const after = Date.now()
    const marked = await FormCache.get(key)
    expect(result).toBeUndefined()
    expect(marked).toStrictEqual({ ...submission, status, timestamp: expect.any(Number) })
    expect(marked?.timestamp).toBeGreaterThanOrEqual(before)
    expect(marked?.timestamp).toBeLessThanOrEqual(after)
    expect(await FormCache.isProcessing(key)).toBe(false)
  })

  test('nothing happens when there is no entry', async () => {
    const key = uniqueKey()

    await mark(key)

    expect(await redisManager.exists(`form:${key}`)).toBe(false)
  })

  test('an entry that has been deleted is not brought back', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)
    await FormCache.delete(key)

    await mark(key)

    expect(await FormCache.get(key)).toBeNull()
  })

  test('an entry that has been deleted behind the back of this cache is not brought back', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)
    await redisManager.del(`form:${key}`)

    await mark(key)

    expect(await FormCache.get(key)).toBeNull()
  })

  test('what another writer has changed meanwhile is kept', async () => {
    const key = uniqueKey()
    await FormCache.set(key, submission)
    const changed = { ...submission, startTime: '2027-01-01T10:00:00Z', note: 'by another writer' }
    await redisManager.set(`form:${key}`, JSON.stringify(changed), 60)

    await mark(key)

    expect(await FormCache.get(key)).toStrictEqual({ ...changed, status, timestamp: expect.any(Number) })
  })

  test('an entry that this process has never seen is marked', async () => {
    const key = uniqueKey()
    await redisManager.set(`form:${key}`, JSON.stringify(submission), 60)

    await mark(key)

    expect(await FormCache.get(key)).toMatchObject({ ...submission, status, timestamp: expect.any(Number) })
  })

  test('a marked entry still blocks', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)

    await mark(key)

    expect(await FormCache.tryAcquireProcessing(key, claim)).toBe(false)
  })

  test('an entry can be marked again', async () => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)
    await FormCache.markFailed(key)

    await mark(key)

    expect(await FormCache.get(key)).toMatchObject({ status })
  })
})
