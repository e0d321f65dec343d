import { FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { afterEach, expect, test, vi } from 'vitest'

const claim = { eventId: 'evt_1', guestEmail: 'a@b.c', startTime: '2026-01-01T10:00:00Z', timestamp: 1 }

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('the addon does the work', async () => {
  await redisManager.set('greeting', 'hello', 60)

  expect(await redisManager.get('greeting')).toBe('hello')
  expect(await IdempotencyCache.get('absent')).toBeNull()
})

test('errors and objects are those of this realm', async () => {
  await IdempotencyCache.set('request', { url: '/done' })

  expect(await IdempotencyCache.get('request')).toStrictEqual({ url: '/done' })
  await expect(redisManager.set('key', {})).rejects.toBeInstanceOf(TypeError)
})

test('spyOn watches and replaces', async () => {
  const watched = vi.spyOn(FormCache, 'tryAcquireProcessing')
  vi.spyOn(IdempotencyCache, 'get').mockResolvedValue({ url: '/replaced' })

  expect(await FormCache.tryAcquireProcessing('spied', claim)).toBe(true)
  expect(await IdempotencyCache.get('anything')).toEqual({ url: '/replaced' })
  expect(watched).toHaveBeenCalledWith('spied', claim)
})

test('after resetModules the package can be imported again', async () => {
  vi.resetModules()
  const again = await import('redlatch')

  expect(await again.FormCache.tryAcquireProcessing('reset', claim)).toBe(true)
})

test('fake timers do not keep calls from settling', async () => {
  vi.useFakeTimers()

  expect(await FormCache.tryAcquireProcessing('fake timers', claim)).toBe(true)
})
