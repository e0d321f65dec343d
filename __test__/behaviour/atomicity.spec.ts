import { describe, expect, test } from '@jest/globals'
import { FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { claim, submission, uniqueKey } from '../support/samples'

const times = <T>(count: number, call: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => call(index))

describe('simultaneous calls', () => {
  test('tryAcquireProcessing is true for exactly one of 50 simultaneous callers', async () => {
    const key = uniqueKey()

    const granted = await Promise.all(
      times(50, (index) => FormCache.tryAcquireProcessing(key, { ...claim, eventId: `evt_${index}` })),
    )

    expect(granted.filter(Boolean)).toHaveLength(1)
    expect((await FormCache.get(key))?.eventId).toBe(`evt_${granted.indexOf(true)}`)
  })

  test('setNx is true for exactly one of 50 simultaneous callers', async () => {
    const key = uniqueKey()

    const created = await Promise.all(times(50, (index) => redisManager.setNx(key, String(index), 60)))

    expect(created.filter(Boolean)).toHaveLength(1)
    expect(await redisManager.get(key)).toBe(String(created.indexOf(true)))
  })

  test('200 simultaneous increments add up, and each caller has a sum of its own', async () => {
    const key = uniqueKey()

    const sums = await Promise.all(times(200, () => redisManager.incr(key)))

    expect(sums.sort((a, b) => a - b)).toStrictEqual(times(200, (index) => index + 1))
    expect(await redisManager.get(key)).toBe('200')
  })

  test('simultaneous marks leave one whole entry', async () => {
    const key = uniqueKey()
    await FormCache.set(key, submission)

    await Promise.all(
      times(20, (index) => (index % 2 ? FormCache.markFailed(key) : FormCache.markCompleted(key, 60))),
    )

    expect(await FormCache.get(key)).toStrictEqual({
      ...submission,
      status: expect.stringMatching(/^(failed|completed)$/),
      timestamp: expect.any(Number),
    })
  })

  test('a delete among simultaneous marks is final', async () => {
    const key = uniqueKey()
    await FormCache.set(key, submission)

    await Promise.all([
      ...times(10, () => FormCache.markFailed(key)),
      FormCache.delete(key),
      ...times(10, () => FormCache.markFailed(key)),
    ])

    expect(await FormCache.get(key)).toBeNull()
  })

  test('thousands of simultaneous calls each get their own answer', async () => {
    const base = uniqueKey()
    await Promise.all(times(3000, (index) => redisManager.set(`${base}${index}`, String(index), 60)))

    const values = await Promise.all(times(3000, (index) => redisManager.get(`${base}${index}`)))

    expect(values).toStrictEqual(times(3000, String))
  })

  test('a call that rejects does not disturb the others of its turn', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'no number', 60)

    const [set, incr, wrong, get] = await Promise.allSettled([
      redisManager.set(`${key}-2`, 'value', 60),
      redisManager.incr(key),
      redisManager.set(key, 'value', 0),
      redisManager.get(key),
    ])

    expect([set?.status, incr?.status, wrong?.status]).toStrictEqual(['fulfilled', 'rejected', 'rejected'])
    expect(get).toStrictEqual({ status: 'fulfilled', value: 'no number' })
  })
})

describe('order', () => {
  test('calls of one turn take effect in the order in which they were made', async () => {
    const key = uniqueKey()

    const answers = await Promise.all([
      redisManager.get(key),
      redisManager.set(key, '1', 60),
      redisManager.get(key),
      redisManager.incr(key, 41),
      redisManager.setNx(key, 'other', 60),
      redisManager.mget([key]),
      redisManager.del(key),
      redisManager.exists(key),
      redisManager.setNx(key, 'new', 60),
      redisManager.get(key),
    ])

    expect(answers).toStrictEqual([null, undefined, '1', 42, false, ['42'], undefined, false, true, 'new'])
  })

  test('a read in the turn of a write sees it, in every cache', async () => {
    const key = uniqueKey()

    const [, result, , form, , isProcessing] = await Promise.all([
      IdempotencyCache.set(key, { url: '/new' }),
      IdempotencyCache.get(key),
      FormCache.set(key, submission),
      FormCache.get(key),
      FormCache.tryAcquireProcessing(`${key}-2`, claim),
      FormCache.isProcessing(`${key}-2`),
    ])

    expect([result, form, isProcessing]).toStrictEqual([{ url: '/new' }, submission, true])
  })

  test('the last of many writes of one turn is what stays', async () => {
    const key = uniqueKey()

    await Promise.all(times(500, (index) => redisManager.set(key, String(index), 60)))

    expect(await redisManager.get(key)).toBe('499')
  })
})
