import { beforeAll, describe, expect, test } from '@jest/globals'
import { FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { sharedGateway } from './gateway'
import { healthChecks, type Method, methods, validArguments } from './methods'
import { rejection } from './rejection'
import { submission, uniqueKey } from './samples'

/** Tests that what the package returns is of the test's own realm, on memory and on Redis. */
export function realmTests(): void {
  describe.each([
    ['memory', () => redisManager.configure()],
    ['Redis', () => redisManager.configure({ url: sharedGateway().url, token: sharedGateway().token })],
  ])('on %s', (_, configure) => {
    beforeAll(configure)

    test.each(methods.map((method): [string, Method] => [method.name, method]))(
      '%s returns a Promise, whether it resolves or rejects',
      async (_, method) => {
        const good = method.call(...validArguments(method))
        const bad = method.call()

        expect(good).toBeInstanceOf(Promise)
        expect(bad).toBeInstanceOf(Promise)
        expect(await rejection(() => bad)).toBeInstanceOf(TypeError)
        await good
      },
    )

    test.each(healthChecks)('%s.healthCheck resolves to a plain object', async (_, check) => {
      const promise = check()

      expect(promise).toBeInstanceOf(Promise)
      expect(Object.getPrototypeOf(await promise)).toBe(Object.prototype)
    })

    test('close returns a Promise', async () => {
      const promise = redisManager.close()

      expect(promise).toBeInstanceOf(Promise)
      expect(await promise).toBeUndefined()
    })

    test('objects and the arrays in them are strictly equal to literals', async () => {
      const key = uniqueKey()
      await FormCache.set(key, submission)
      await IdempotencyCache.set(key, { list: [{ a: 1 }] })

      expect(await FormCache.get(key)).toStrictEqual({ ...submission })
      const result = (await IdempotencyCache.get(key)) as { list?: unknown } | null
      expect(result).toStrictEqual({ list: [{ a: 1 }] })
      expect(result?.list).toBeInstanceOf(Array)
      expect(redisManager.getCacheStats()).toStrictEqual({
        isRedisAvailable: expect.any(Boolean),
        inMemoryCacheSize: expect.any(Number),
        cacheType: expect.any(String),
      })
    })

    test('mget resolves to an Array', async () => {
      const values = await redisManager.mget([uniqueKey()])

      expect(Array.isArray(values)).toBe(true)
      expect(values).toBeInstanceOf(Array)
      expect(values).toStrictEqual([null])
    })

    test.each([
      ['a wrong type', TypeError, () => redisManager.get(7 as unknown as string)],
      ['a wrong value', RangeError, () => redisManager.get('')],
      ['a wrong field', TypeError, () => FormCache.set(uniqueKey(), {} as typeof submission)],
    ])('the error for %s is an instance of its class and of Error', async (_, errorClass, call) => {
      const error = await rejection(call)

      expect(error).toBeInstanceOf(errorClass)
      expect(error).toBeInstanceOf(Error)
      expect(error.constructor).toBe(errorClass)
      expect(error.stack).toContain(error.message)
    })

    test('the error for a refused command is an instance of Error', async () => {
      const key = uniqueKey()
      await redisManager.set(key, 'no number', 60)

      const error = await rejection(() => redisManager.incr(key))

      expect(error).toBeInstanceOf(Error)
      expect(error.constructor).toBe(Error)
      expect(error.code).toBe('ERR_REDIS_REPLY')
    })

    test('what is synchronous throws errors of this realm', () => {
      const generate = FormCache.generateKey as (...args: unknown[]) => string
      const configure = redisManager.configure as (...args: unknown[]) => void

      expect(() => generate(7)).toThrow(TypeError)
      expect(() => configure(7)).toThrow(TypeError)
      expect(() => redisManager.configure({ timeoutMs: 0 })).toThrow(RangeError)
      expect(caught(() => generate(7))).toBeInstanceOf(TypeError)
      expect(caught(() => redisManager.configure({ timeoutMs: 0 }))).toBeInstanceOf(RangeError)
    })
  })
}

function caught(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}
