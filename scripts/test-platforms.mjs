// Checks the addons that scripts/build-platforms.mjs has built, and runs each under a Node for its platform, as far as this
// machine can. Prints a line for each part, then `N passed, N failed`. docs/platforms.md has more.
//   node scripts/test-platforms.mjs [target...]   names of Rust or npm; all by default

import { existsSync } from 'node:fs'

import { addonFile } from './platforms/build.mjs'
import { checkAddon } from './platforms/check.mjs'
import { whyNotRun } from './platforms/node.mjs'
import { installProject } from './platforms/project.mjs'
import { runPrograms, runSpecs, startGateways } from './platforms/suite.mjs'
import { builtHere, platformOf } from './platforms/targets.mjs'
import { buildAddon, buildGateway, fail, installPackages, installRedis } from './setup.mjs'

/** Tests one platform, and prints what failed there. */
function testPlatform(target, environments) {
  const project = installProject(target, { withSpecs: true })
  const results = [...runPrograms(project, environments), runSpecs(project)]
  for (const { name, passed, failed, seconds, output } of results) {
    if (failed > 0) console.log(output)
    console.log(
      `${project.platform.name}, ${name}: ${passed} passed, ${failed} failed, ${seconds.toFixed(0)} s`,
    )
  }
  return results
}

installPackages()
const targets = builtHere(process.argv.slice(2))
const missing = targets.filter((target) => !existsSync(addonFile(target)))
if (missing.length > 0) fail(`Not built yet: node scripts/build-platforms.mjs ${missing.join(' ')}`)
installRedis()
buildAddon()
buildGateway()

const results = []
const { environments, stop } = await startGateways()
try {
  for (const target of targets) {
    const platform = platformOf(target)
    const reason = whyNotRun(platform)
    console.log(
      `\n${platform.name}: ${checkAddon(target).join(', ')}${reason ? `; not run, because ${reason}` : ''}`,
    )
    results.push({ passed: 1, failed: 0 })
    if (!reason) results.push(...testPlatform(target, environments))
  }
} finally {
  await stop()
}
const total = (field) => results.reduce((sum, one) => sum + one[field], 0)
console.log(`${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = total('failed') === 0 && total('passed') > 0 ? 0 : 1
