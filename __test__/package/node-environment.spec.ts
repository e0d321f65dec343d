import { expect, test } from '@jest/globals'
import { realmTests } from '../support/realm-tests'

test('this is not jsdom', () => {
  expect(globalThis).not.toHaveProperty('document')
})

realmTests()
