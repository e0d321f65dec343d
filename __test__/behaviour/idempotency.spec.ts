import { describe, expect, test } from '@jest/globals'
import { IdempotencyCache } from 'redlatch'
import { rejection } from '../support/rejection'
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

describe('get with a parser', () => {
  const order = (value: unknown): { orderId: string } => {
    const { orderId } = value as { orderId?: unknown }
    if (typeof orderId !== 'string') throw new Error('no order')
    return { orderId }
  }

  test.each([
    ['a function', order],
    ['an object with the method, such as a schema', { parse: order }],
  ])('resolves to what %s returns', async (_, parser) => {
    const key = uniqueKey()
    await IdempotencyCache.set(key, { orderId: 'ord_1', extra: true })

    expect(await IdempotencyCache.get(key, parser)).toStrictEqual({ orderId: 'ord_1' })
  })

  test('a result for which it throws reads as null and stays', async () => {
    const key = uniqueKey()
    await IdempotencyCache.set(key, { url: '/' })

    expect(await IdempotencyCache.get(key, order)).toBeNull()
    expect(await IdempotencyCache.get(key)).toStrictEqual({ url: '/' })
  })

  test('it is not called for an absent key', async () => {
    expect(await IdempotencyCache.get(uniqueKey(), () => 'called')).toBeNull()
  })

  test('what map passes as the second argument is no parser', async () => {
    const key = uniqueKey()
    await IdempotencyCache.set(key, { url: '/' })

    expect(await Promise.all([key].map(IdempotencyCache.get))).toStrictEqual([{ url: '/' }])
  })

  test('an object without the method rejects', async () => {
    const parser = {} as { parse(value: unknown): unknown }

    const error = await IdempotencyCache.get(uniqueKey(), parser).catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('an object whose method cannot be read rejects with the cause, and does not throw at once', async () => {
    const cause = Symbol('of the caller')
    const parser = {
      get parse(): () => unknown {
        throw cause
      },
    }

    const error = await rejection(() => IdempotencyCache.get(uniqueKey(), parser))

    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', cause })
  })
})
