/** @jest-environment jsdom */

import { expect, test } from '@jest/globals'
import { realmTests } from '../support/realm-tests'

test('this is jsdom', () => {
  expect(globalThis).toHaveProperty('document')
})

realmTests()
