import { expect, test } from '@jest/globals'
import { IdempotencyCache } from 'redlatch'
import { uniqueKey } from '../support/samples'

test('get returns what set was given', async () => {
  const key = uniqueKey()

  await IdempotencyCache.set(key, { url: 'https://example.com/done' })

  expect(await IdempotencyCache.get(key)).toStrictEqual({ url: 'https://example.com/done' })
})

test('set resolves to undefined', async () => {
  expect(await IdempotencyCache.set(uniqueKey(), { url: '/' }, 60)).toBeUndefined()
})

test('get of an absent key is null', async () => {
  expect(await IdempotencyCache.get(uniqueKey())).toBeNull()
})

test('a result may be of any shape that JSON has', async () => {
  const key = uniqueKey()
  const result = { list: [1, 'two', null, { deep: [[]] }], empty: {}, no: false, name: 'Ada "A" L.\n' }

  await IdempotencyCache.set<typeof result>(key, result)

  expect(await IdempotencyCache.get<typeof result>(key)).toStrictEqual(result)
})

test('a result may be an array', async () => {
  const key = uniqueKey()

  await IdempotencyCache.set(key, [1, 'two'])

  expect(await IdempotencyCache.get(key)).toStrictEqual([1, 'two'])
})

test('a result may be an empty object', async () => {
  const key = uniqueKey()

  await IdempotencyCache.set(key, {})

  expect(await IdempotencyCache.get(key)).toStrictEqual({})
})

test('each get returns an object of its own', async () => {
  const key = uniqueKey()
  await IdempotencyCache.set(key, { url: '/' })

  const [first, second] = [await IdempotencyCache.get(key), await IdempotencyCache.get(key)]

  expect(first).toStrictEqual(second)
  expect(first).not.toBe(second)
})

test('what the caller changes after the call is not stored', async () => {
  const key = uniqueKey()
  const result = { url: '/then' }

  const stored = IdempotencyCache.set(key, result)
  result.url = '/later'
  await stored

  expect(await IdempotencyCache.get(key)).toStrictEqual({ url: '/then' })
})

test('set replaces the result', async () => {
  const key = uniqueKey()
  await IdempotencyCache.set(key, { url: '/old' })

  await IdempotencyCache.set(key, { url: '/new' })

  expect(await IdempotencyCache.get(key)).toStrictEqual({ url: '/new' })
})

test('exists is true exactly while there is a result', async () => {
  const key = uniqueKey()

  const before = await IdempotencyCache.exists(key)
  await IdempotencyCache.set(key, { url: '/' })
  const during = await IdempotencyCache.exists(key)
  await IdempotencyCache.delete(key)
  const after = await IdempotencyCache.exists(key)

  expect([before, during, after]).toStrictEqual([false, true, false])
})

test('delete forgets the result and resolves to undefined, whether there was one or not', async () => {
  const key = uniqueKey()
  await IdempotencyCache.set(key, { url: '/' })

  expect(await IdempotencyCache.delete(key)).toBeUndefined()
  expect(await IdempotencyCache.get(key)).toBeNull()
  expect(await IdempotencyCache.delete(key)).toBeUndefined()
})
