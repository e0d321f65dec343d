jest.mock('redlatch', () => ({ FormCache: { generateKey: jest.fn(() => 'made up') } }))

const { FormCache } = require('redlatch')

test('a factory takes the place of the package', () => {
  expect(FormCache.generateKey('a', 'b', 'c')).toBe('made up')
  expect(Object.keys(require('redlatch'))).toEqual(['FormCache'])
})
