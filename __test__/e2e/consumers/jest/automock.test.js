jest.mock('redlatch')

const { FormCache, redisManager } = require('redlatch')

test('the automock has every method and does nothing', () => {
  FormCache.isProcessing.mockResolvedValue(true)

  expect(FormCache.set('key', {})).toBeUndefined()
  expect(redisManager.get('key')).toBeUndefined()
  expect(jest.isMockFunction(redisManager.getCacheStats)).toBe(true)
  return expect(FormCache.isProcessing('key')).resolves.toBe(true)
})
