// The quick part of `npm run test:platforms`: the platforms that need no emulator, without Jest's specs.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { whyNotRun } from '../../scripts/platforms/node.mjs'
import { installProject } from '../../scripts/platforms/project.mjs'
import { runPrograms, startGateways } from '../../scripts/platforms/suite.mjs'
import { platformOf, quickTargets } from '../../scripts/platforms/targets.mjs'

describe('the addon as it is published', { timeout: 600_000 }, () => {
  let gateways

  before(async () => {
    gateways = await startGateways()
  })

  after(() => gateways.stop())

  for (const target of quickTargets) {
    const platform = platformOf(target)

    test(`for ${platform.name} works on memory and on Redis there`, { skip: whyNotRun(platform) }, () => {
      const results = runPrograms(installProject(target, { withSpecs: false }), gateways.environments)

      assert.deepEqual(
        results.filter(({ failed }) => failed > 0).map(({ name, output }) => `${name}:\n${output}`),
        [],
      )
    })
  }
})
