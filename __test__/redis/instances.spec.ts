import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { FormCache, redisManager } from 'redlatch'
import { sharedGateway } from '../support/gateway'
import { claim, submission, uniqueKey } from '../support/samples'

// Another time limit is another configuration, and that has connections and a memory of its own: to Redis it is
// another instance of the application.
let other: Pick<typeof import('redlatch'), 'FormCache' | 'redisManager'>

beforeAll(async () => {
  const { url, token } = sharedGateway()
  await jest.isolateModulesAsync(async () => {
    other = await import('redlatch')
  })
  other.redisManager.configure({ url, token, timeoutMs: 4321 })
})

afterAll(() => other.redisManager.close())

test('the other instance is another one', () => {
  expect(other.redisManager).not.toBe(redisManager)
})

test('of simultaneous claims on two instances one is granted', async () => {
  const key = uniqueKey()

  const granted = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      (index % 2 ? FormCache : other.FormCache).tryAcquireProcessing(key, claim),
    ),
  )

  expect(granted.filter(Boolean)).toHaveLength(1)
})

test('increments on two instances add up', async () => {
  const key = uniqueKey()

  await Promise.all(
    Array.from({ length: 200 }, (_, index) => (index % 2 ? redisManager : other.redisManager).incr(key)),
  )

  expect(await redisManager.get(key)).toBe('200')
})

test('an entry that was claimed here is marked there', async () => {
  const key = uniqueKey()
  await FormCache.tryAcquireProcessing(key, claim)

  await other.FormCache.markFailed(key)

  expect((await FormCache.get(key))?.status).toBe('failed')
})

test.each(['markCompleted', 'markFailed'] as const)(
  '%s does not bring back what was deleted there',
  async (mark) => {
    const key = uniqueKey()
    await FormCache.tryAcquireProcessing(key, claim)
    await other.FormCache.delete(key)

    await FormCache[mark](key)

    expect(await other.FormCache.get(key)).toBeNull()
  },
)

test('a mark keeps what was changed there', async () => {
  const key = uniqueKey()
  await FormCache.set(key, submission)
  await other.FormCache.set(key, { ...submission, eventId: 'evt_there' })

  await FormCache.markFailed(key)

  expect(await other.FormCache.get(key)).toMatchObject({ eventId: 'evt_there', status: 'failed' })
})

test('simultaneous marks on two instances leave one whole entry', async () => {
  const key = uniqueKey()
  await FormCache.set(key, submission)

  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 ? FormCache.markFailed(key) : other.FormCache.markCompleted(key, 60),
    ),
  )

  expect(await FormCache.get(key)).toStrictEqual({
    ...submission,
    status: expect.stringMatching(/^(failed|completed)$/),
    timestamp: expect.any(Number),
  })
})

test('closing one instance leaves the other at work', async () => {
  const key = uniqueKey()
  await redisManager.set(key, 'value', 60)

  await other.redisManager.close()

  expect(await redisManager.get(key)).toBe('value')
  expect(await other.redisManager.get(key)).toBe('value')
})
