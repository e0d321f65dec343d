// Projects that install the tarballs and test with Jest or Vitest; see consumers/.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { ended } from './command.mjs'

const folder = process.env.REDLATCH_E2E_FOLDER ?? ''

describe('test runners', { timeout: 120_000 }, () => {
  for (const environment of ['node', 'jsdom']) {
    test(`Jest with the environment ${environment}`, async () => {
      const options = ['jest', '--json', '--selectProjects', environment]

      const { stdout, stderr } = await ended('npx', options, join(folder, 'jest'))

      const { success, numPassedTests } = JSON.parse(stdout)
      assert.ok(success, stderr)
      assert.equal(numPassedTests, 10)
    })
  }

  test('Vitest', async () => {
    const { stdout, stderr } = await ended(
      'npx',
      ['vitest', 'run', '--reporter=json'],
      join(folder, 'vitest'),
    )

    const { success, numPassedTests } = JSON.parse(stdout)
    assert.ok(success, stdout + stderr)
    assert.equal(numPassedTests, 10)
  })
})
