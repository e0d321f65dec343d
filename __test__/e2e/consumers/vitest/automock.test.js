import { FormCache, redisManager } from 'redlatch'
import { expect, test, vi } from 'vitest'

vi.mock('redlatch')

test('the automock has every method and does nothing', async () => {
  vi.mocked(FormCache.isProcessing).mockResolvedValue(true)

  expect(FormCache.set('key', {})).toBeUndefined()
  expect(vi.isMockFunction(redisManager.getCacheStats)).toBe(true)
  expect(await FormCache.isProcessing('key')).toBe(true)
})
