import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import {
  CustomerCache,
  FormCache,
  IdempotencyCache,
  redisManager,
  SessionCache,
  TempDataCache,
} from 'redlatch'
import { submission, uniqueKey } from '../support/samples'

const surface = jest.requireActual<Record<string, unknown>>('redlatch')

const statics = (object: object) =>
  Object.getOwnPropertyNames(object)
    .filter((name) => !['length', 'name', 'prototype'].includes(name))
    .sort()

const dist = join(__dirname, '..', '..', 'dist')

/** The declarations in a file that the compiler has emitted, without their comments. */
const declarations = (file: string) =>
  readFileSync(join(dist, file), 'utf8')
    .replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '')
    .replace(/^\/\/.*\n/gm, '')

/** The names that `pattern` finds in a file of types, sorted. */
const declared = (pattern: RegExp, file: string) =>
  [...new Set([...declarations(file).matchAll(pattern)].map(([, name]) => name))].sort()

describe('types', () => {
  const index = declarations('index.d.ts')
  const modules = [...index.matchAll(/from '\.\/([\w-]+)\.js'/g)].map(([, name]) => `${name}.d.ts`)

  test.each(['index.d.ts', 'better-auth.d.ts', 'express-session.d.ts', 'testing.d.ts', ...modules])(
    'those of %s are the ones that users rely on',
    (file) => {
      expect(declarations(file)).toMatchSnapshot()
    },
  )
})

describe('exports', () => {
  test('the package exports exactly these names', () => {
    expect(Object.keys(surface).sort()).toStrictEqual([
      'CustomerCache',
      'FormCache',
      'IdempotencyCache',
      'IdempotencyError',
      'RateLimitCache',
      'RateLimiter',
      'SessionCache',
      'TempDataCache',
      'clientAddress',
      'default',
      'rateLimitHeaders',
      'redisManager',
      'withLock',
    ])
  })

  test('redlatch/testing exports exactly these names', () => {
    expect(Object.keys(jest.requireActual<object>('redlatch/testing')).sort()).toStrictEqual([
      'advanceBy',
      'reset',
    ])
  })

  test('the default export is redisManager', () => {
    expect(surface.default).toBe(redisManager)
    expect(surface.redisManager).toBe(redisManager)
  })

  test('it is marked as compiled from an ES module, so that a default import is the default export', () => {
    expect(surface.__esModule).toBe(true)
  })

  test.each([
    ['IdempotencyCache', IdempotencyCache, 'idempotency-cache.d.ts'],
    ['FormCache', FormCache, 'form-cache.d.ts'],
    ['CustomerCache', CustomerCache, 'customer-cache.d.ts'],
    ['TempDataCache', TempDataCache, 'temp-data-cache.d.ts'],
  ])('%s is a class with exactly the static methods of its types', (name, cache, file) => {
    expect(cache).toEqual(expect.any(Function))
    expect(cache.name).toBe(name)
    expect(statics(cache)).toStrictEqual(declared(/^ +static (\w+)[<(]/gm, file))
  })

  test.each([
    ['redlatch/express-session', ['createStore']],
    ['redlatch/better-auth', ['secondaryStorage']],
  ])('%s exports exactly these names', (name, names) => {
    expect(Object.keys(jest.requireActual<object>(name))).toStrictEqual(names)
  })

  test('SessionCache has exactly the methods of its types', () => {
    const methods = statics(SessionCache.prototype).filter((name) => name !== 'constructor')

    expect(methods).toStrictEqual(declared(/^ {4}(?!constructor)(\w+)\(/gm, 'session-cache.d.ts'))
  })

  test('redisManager has exactly the methods of its types', () => {
    const methods = statics(Object.getPrototypeOf(redisManager)).filter((name) => name !== 'constructor')

    expect(methods).toStrictEqual(declared(/^ +(\w+)\(/gm, 'redis-manager.d.ts'))
    expect(Object.keys(redisManager)).toStrictEqual([])
  })

  test('static methods work without their class', async () => {
    const { tryAcquireProcessing, get, generateKey } = FormCache
    const key = generateKey(uniqueKey(), 'a@b.c', 's')

    await tryAcquireProcessing(key, submission)

    expect(await get(key)).toStrictEqual(submission)
  })
})

describe('mocks', () => {
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('jest.spyOn replaces a static method, and its restoration brings it back', async () => {
    const key = uniqueKey()
    const spy = jest.spyOn(FormCache, 'set').mockResolvedValue(undefined)

    await FormCache.set(key, submission)
    spy.mockRestore()

    expect(await FormCache.get(key)).toBeNull()
    await FormCache.set(key, submission)
    expect(await FormCache.get(key)).toStrictEqual(submission)
  })

  test('jest.spyOn watches a method of redisManager', async () => {
    const key = uniqueKey()
    const spy = jest.spyOn(redisManager, 'get')

    expect(await redisManager.get(key)).toBeNull()
    expect(spy.mock.calls).toStrictEqual([[key]])
  })
})
