import { FormCache, redisManager } from 'redlatch'
import { advanceBy, reset } from 'redlatch/testing'
import { beforeEach, expect, test, vi } from 'vitest'

const claim = { eventId: 'evt_1', guestEmail: 'a@b.c', startTime: '2026-01-01T10:00:00Z', timestamp: 1 }

beforeEach(() => reset())

test('time passes for a completed form when a test says so, whatever fake timers do', async () => {
  vi.useFakeTimers()
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  await FormCache.markCompleted('key')

  vi.advanceTimersByTime(60_000)
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(false)
  advanceBy(5)
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  vi.useRealTimers()
})

test('a test begins with an empty memory', async () => {
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(1)
})

test('while Redis is configured, nothing is reset', () => {
  redisManager.configure({ url: 'http://127.0.0.1:1', token: 'token' })

  expect(reset).toThrow(expect.objectContaining({ code: 'ERR_REDIS_CONFIGURED' }))
  redisManager.configure()
})
