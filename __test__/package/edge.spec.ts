import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type * as Redlatch from 'redlatch'
import { formKeyVectors, partsKeyVectors } from '../support/form-key-vectors'
import { healthChecks, methods } from '../support/methods'
import { rejection } from '../support/rejection'

const edge: typeof Redlatch = require(join(__dirname, '..', '..', 'dist', 'edge.js'))

function onEdge(name: string): () => Promise<unknown> {
  const [owner = '', method = ''] = name.split('.')
  const target = edge[owner as keyof typeof edge] as unknown as Record<string, () => Promise<unknown>>
  return () => target[method]?.() as Promise<unknown>
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'EdgeRuntime')
})

describe('on an Edge runtime', () => {
  test.each(formKeyVectors)('generateKey of %s works', (_, parts, expected) => {
    expect(edge.FormCache.generateKey(...parts)).toBe(expected)
  })

  test.each(partsKeyVectors)('key of %s works', (_, parts, expected) => {
    expect(edge.FormCache.key(...parts)).toBe(expected)
  })

  test.each([
    ...methods.map(({ name }) => [name]),
    ...healthChecks.map(([name]) => [`${name}.healthCheck`]),
    ['redisManager.close'],
  ])('%s rejects with what to do', async (name = '') => {
    const error = await rejection(onEdge(name))

    expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_RUNTIME' })
    expect(error.message).toContain(`${name} cannot run in an Edge runtime`)
    expect(error.message).toMatch(/remove `export const runtime = 'edge'`.*middleware\.ts to proxy\.ts/)
  })

  test.each(['getCacheStats', 'configure'] as const)(
    'redisManager.%s, which is synchronous, throws',
    (name) => {
      expect(() => edge.redisManager[name]()).toThrow("remove `export const runtime = 'edge'`")
    },
  )

  test('a SessionCache can be made where a module is loaded, and its methods reject', async () => {
    const sessions = new edge.SessionCache({ idleSeconds: 60 })

    const error = await rejection(() => sessions.get('id'))

    expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_RUNTIME' })
    expect(error.message).toContain('SessionCache.get cannot run in an Edge runtime')
  })

  test('the message has the name of the runtime where that is known', async () => {
    Object.assign(globalThis, { EdgeRuntime: 'edge-runtime' })

    const error = await rejection(() => edge.redisManager.get('key'))

    expect(error.message).toContain('in the Edge runtime')
  })

  test('it has the names of the package, and can be awaited', async () => {
    expect(Object.keys(edge).sort()).toStrictEqual(Object.keys(jest.requireActual<object>('redlatch')).sort())
    expect(await edge.redisManager).toBe(edge.default)
  })

  test('its stand-ins turn into JSON and leave no rejection behind', async () => {
    const rejections: unknown[] = []
    const keep = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', keep)

    expect(JSON.stringify({ ...edge, default: undefined })).toBe(
      '{"IdempotencyCache":{},"FormCache":{},"CustomerCache":{},"RateLimitCache":{},"TempDataCache":{},"redisManager":{}}',
    )
    await new Promise((resolve) => setImmediate(resolve))

    process.off('unhandledRejection', keep)
    expect(rejections).toStrictEqual([])
  })
})
