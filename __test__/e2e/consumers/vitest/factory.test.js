import { FormCache } from 'redlatch'
import { expect, test, vi } from 'vitest'

vi.mock('redlatch', () => ({ FormCache: { generateKey: () => 'made up' } }))

test('a factory takes the place of the package', () => {
  expect(FormCache.generateKey('a', 'b', 'c')).toBe('made up')
})
