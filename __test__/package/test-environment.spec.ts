import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { redisManager } from 'redlatch'
import { sharedGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

// What test set-ups of the package's users do to the world around it.

const { url, token } = sharedGateway()

afterEach(async () => {
  jest.useRealTimers()
  jest.restoreAllMocks()
  await redisManager.close()
  redisManager.configure()
})

describe.each([
  ['memory', { disableRedis: false }],
  ['Redis', { url, token }],
])('on %s', (_, options) => {
  test('fake timers hold up neither calls nor close', async () => {
    jest.useFakeTimers()
    redisManager.configure(options)
    const key = uniqueKey()

    await redisManager.set(key, 'value', 60)
    const value = await redisManager.get(key)
    await redisManager.close()

    expect(value).toBe('value')
  })

  test('the JSON of a value is made by the JSON and the prototypes of the test', async () => {
    const { IdempotencyCache } = await import('redlatch')
    redisManager.configure(options)
    const key = uniqueKey()
    Object.defineProperty(BigInt.prototype, 'toJSON', { value: () => 'big', configurable: true })

    await IdempotencyCache.set(key, { amount: 7n }, 60)

    Reflect.deleteProperty(BigInt.prototype, 'toJSON')
    expect(await IdempotencyCache.get(key)).toStrictEqual({ amount: 'big' })
  })
})

test('a console that throws fails no call', async () => {
  jest.spyOn(console, 'warn').mockImplementation(() => {
    throw new Error('no warnings in tests')
  })
  redisManager.configure({ url: 'http://127.0.0.1:1', token: 'token' })

  await expect(redisManager.get(uniqueKey())).resolves.toBeNull()

  expect(console.warn).toHaveBeenCalledTimes(1)
})

test('after resetModules, memory is empty and the new evaluation apart from the old one', async () => {
  const key = uniqueKey()
  await redisManager.set(key, 'old', 60)
  jest.resetModules()

  const { redisManager: fresh } = require('redlatch')

  expect(await fresh.get(key)).toBeNull()
  await fresh.set(key, 'new', 60)
  expect(await redisManager.get(key)).toBe('old')
  await fresh.close()
})
