const { FormCache, IdempotencyCache, redisManager } = require('redlatch')

const claim = { eventId: 'evt_1', guestEmail: 'a@b.c', startTime: '2026-01-01T10:00:00Z', timestamp: 1 }

afterEach(() => {
  jest.restoreAllMocks()
  jest.useRealTimers()
})

test('the addon does the work, whatever the environment is', async () => {
  await redisManager.set('greeting', 'hello', 60)
  await IdempotencyCache.set('request', { url: '/done' })

  expect(await redisManager.get('greeting')).toBe('hello')
  expect(await IdempotencyCache.get('request')).toStrictEqual({ url: '/done' })
  expect(redisManager.getCacheStats().cacheType).toBe('In-Memory')
})

test('errors are those of this realm', async () => {
  const error = await redisManager.set('key', {}).catch((error) => error)

  expect(error).toBeInstanceOf(TypeError)
  expect(error.code).toBe('ERR_INVALID_ARG_TYPE')
})

test('spyOn watches and replaces', async () => {
  const watched = jest.spyOn(FormCache, 'tryAcquireProcessing')
  const replaced = jest.spyOn(IdempotencyCache, 'get').mockResolvedValue({ url: '/replaced' })

  expect(await FormCache.tryAcquireProcessing('spied', claim)).toBe(true)
  expect(await IdempotencyCache.get('anything')).toEqual({ url: '/replaced' })

  expect(watched).toHaveBeenCalledWith('spied', claim)
  expect(replaced).toHaveBeenCalledTimes(1)
})

test('after resetModules a new evaluation works beside the old one', async () => {
  jest.resetModules()
  const again = require('redlatch')

  expect(again.FormCache).not.toBe(FormCache)
  expect(await again.FormCache.tryAcquireProcessing('reset', claim)).toBe(true)
  expect(await FormCache.get('absent')).toBeNull()
})

test('fake timers do not keep calls from settling', async () => {
  jest.useFakeTimers()

  expect(await FormCache.tryAcquireProcessing('fake timers', claim)).toBe(true)
  expect(await FormCache.tryAcquireProcessing('fake timers', claim)).toBe(false)
  await redisManager.close()
})
