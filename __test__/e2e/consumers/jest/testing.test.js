const { FormCache, redisManager } = require('redlatch')
const { advanceBy, reset } = require('redlatch/testing')

const claim = { eventId: 'evt_1', guestEmail: 'a@b.c', startTime: '2026-01-01T10:00:00Z', timestamp: 1 }

beforeEach(reset)

test('time passes for a completed form when a test says so, whatever fake timers do', async () => {
  jest.useFakeTimers()
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  await FormCache.markCompleted('key')

  jest.advanceTimersByTime(60_000)
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(false)
  advanceBy(5)
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  jest.useRealTimers()
})

test('a test begins with an empty memory', async () => {
  expect(await FormCache.tryAcquireProcessing('key', claim)).toBe(true)
  expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(1)
})

test('while Redis is configured, nothing is reset and the error is one of this realm', () => {
  redisManager.configure({ url: 'http://127.0.0.1:1', token: 'token' })

  expect(reset).toThrow(Error)
  expect(reset).toThrow(expect.objectContaining({ code: 'ERR_REDIS_CONFIGURED' }))
  redisManager.configure()
})
