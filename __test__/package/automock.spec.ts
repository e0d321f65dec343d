import { expect, jest, test } from '@jest/globals'
import { submission } from '../support/samples'

jest.mock('redlatch')
const redlatch = jest.requireMock<typeof import('redlatch')>('redlatch')
const { CustomerCache, FormCache, IdempotencyCache, redisManager } = redlatch

const actual = jest.requireActual<typeof import('redlatch')>('redlatch')

type Methods = Record<string, unknown>

test.each([
  ['IdempotencyCache', IdempotencyCache, actual.IdempotencyCache],
  ['FormCache', FormCache, actual.FormCache],
  ['CustomerCache', CustomerCache, actual.CustomerCache],
  ['redisManager', redisManager, Object.getPrototypeOf(actual.redisManager)],
])('every method of %s is a mock', (_, mocked, original) => {
  const methods = Object.getOwnPropertyNames(original).filter(
    (name) =>
      name !== 'constructor' && name !== 'prototype' && typeof (original as Methods)[name] === 'function',
  )

  expect(methods).toContain('healthCheck')
  expect(methods.filter((name) => !jest.isMockFunction((mocked as unknown as Methods)[name]))).toStrictEqual(
    [],
  )
})

test('a mock answers what it is told and does nothing by itself', async () => {
  jest.mocked(FormCache.get).mockResolvedValue(submission)
  jest.mocked(redisManager.incr).mockResolvedValueOnce(7)

  expect(await FormCache.get('key')).toBe(submission)
  expect(await redisManager.incr('')).toBe(7)
  expect(FormCache.generateKey('e', 'a@b.c', 's')).toBeUndefined()
})
