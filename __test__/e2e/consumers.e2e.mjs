// Projects that install the tarballs and test with Jest or Vitest, or use better-auth; see consumers/.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import gateways from '../../tools/gateway/spawn.js'
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

describe('better-auth', { timeout: 120_000 }, () => {
  const run = async (environment) => {
    const { code, stdout, stderr } = await ended(
      'node',
      ['--test', '--test-reporter=tap', 'use.test.js'],
      join(folder, 'better-auth'),
      environment,
    )
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^# pass 8$/m)
  }

  test('keeps its sessions in memory', () => run({}))

  for (const mode of ['upstash', 'redis']) {
    test(`keeps its sessions in Redis, behind a gateway in mode ${mode}`, async () => {
      const { address, stop } = await gateways.spawnGateway(['--mode', mode])
      try {
        await run({ UPSTASH_REDIS_REST_URL: address.url, UPSTASH_REDIS_REST_TOKEN: address.token })
      } finally {
        await stop()
      }
    })
  }
})
