import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { minifySync } from '@swc/core'
import type * as Redlatch from 'redlatch'
import { formTests } from '../support/form-tests'
import { claim, submission, uniqueKey } from '../support/samples'

const file = join(__dirname, '..', '..', 'dist', 'browser.js')
const browser: typeof Redlatch = require(file)
const { CustomerCache, FormCache, IdempotencyCache, redisManager, TempDataCache } = browser

afterEach(() => {
  jest.useRealTimers()
})

describe('FormCache in a browser', () => {
  formTests(FormCache)

  test.each([
    ['set', 300, (key: string) => FormCache.set(key, submission)],
    ['tryAcquireProcessing', 300, (key: string) => FormCache.tryAcquireProcessing(key, claim)],
    ['markFailed', 300, mark('markFailed')],
    ['markCompleted', 5, mark('markCompleted')],
  ])('%s keeps an entry for %i seconds', async (_, seconds, write) => {
    jest.useFakeTimers()
    const key = uniqueKey()
    await write(key)

    jest.setSystemTime(Date.now() + seconds * 1000 - 1)
    expect(await FormCache.get(key)).not.toBeNull()
    jest.setSystemTime(Date.now() + 1)
    expect(await FormCache.get(key)).toBeNull()
  })

  function mark(name: 'markFailed' | 'markCompleted') {
    return async (key: string) => {
      await FormCache.tryAcquireProcessing(key, claim, 3600)
      await FormCache[name](key)
    }
  }

  test('the tab holds a thousand entries, refuses more, and has room again when they have expired', async () => {
    jest.useFakeTimers()
    jest.setSystemTime(Date.now() + 3_600_000)
    const keys = Array.from({ length: 1000 }, uniqueKey)
    for (const key of keys) await FormCache.set(key, submission, 60)

    await expect(FormCache.set(uniqueKey(), submission)).rejects.toMatchObject({ code: 'ERR_FALLBACK_FULL' })
    await FormCache.markCompleted(keys[0] ?? '')
    jest.setSystemTime(Date.now() + 60_000)

    await expect(FormCache.set(uniqueKey(), submission)).resolves.toBeUndefined()
  })
})

describe('what only a server has', () => {
  test.each([
    ['redisManager.get', () => redisManager.get('key')],
    ['redisManager.getCacheStats', () => redisManager.getCacheStats()],
    ['IdempotencyCache.set', () => IdempotencyCache.set('key', { url: '/' })],
    ['CustomerCache.getCustomer', () => CustomerCache.getCustomer('cus_1')],
    ['TempDataCache.take', () => TempDataCache.take('kind', 'id')],
  ])('%s says that it belongs on the server', (name, call) => {
    expect(call).toThrow(`call ${name} on the server`)
  })

  test('a SessionCache can be made where a module is loaded, and its methods say that they belong on the server', () => {
    const sessions = new browser.SessionCache()

    expect(() => sessions.get('id')).toThrow('call SessionCache.get on the server')
  })

  test('importing it and looking at it is no use of it', () => {
    expect(browser.default).toBe(redisManager)
    expect(typeof redisManager.get).toBe('function')
  })
})

describe('a stand-in', () => {
  test('can be awaited, turned into JSON and into text', async () => {
    expect(await redisManager).toBe(redisManager)
    expect(JSON.stringify({ redisManager, CustomerCache, IdempotencyCache })).toBe(
      '{"redisManager":{},"CustomerCache":{},"IdempotencyCache":{}}',
    )
    expect(inspect(redisManager)).toBe('{}')
  })
})

describe('the module', () => {
  test('it has the names of the package', () => {
    expect(Object.keys(browser).sort()).toStrictEqual(
      ['__esModule', ...Object.keys(jest.requireActual<object>('redlatch'))].sort(),
    )
  })

  test('FormCache has the methods of the addon', () => {
    const { FormCache: real } = jest.requireActual<typeof Redlatch>('redlatch')
    const methods = Object.getOwnPropertyNames(real).filter(
      (name) => !['length', 'name', 'prototype'].includes(name),
    )

    expect(Object.keys(FormCache).sort()).toStrictEqual(methods.sort())
  })

  test('it has at most 2.5 KiB when it is minified, and neither requests nor requires anything', () => {
    const source = readFileSync(file, 'utf8')
    const { code } = minifySync(source, {
      compress: { toplevel: true },
      mangle: { toplevel: true },
      module: false,
    })

    expect(Buffer.byteLength(code)).toBeLessThanOrEqual(2560)
    expect(code).not.toMatch(/require\(|import|fetch|XMLHttpRequest|sendBeacon|localStorage|process\./)
  })
})
