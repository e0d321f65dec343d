// Builds the addons that are published, each in its folder of npm/, and checks them. On Debian or Ubuntu, it needs nothing
// but Node and Rust, and root, to install the rest. docs/platforms.md has more.
//   node scripts/build-platforms.mjs [target...]   names of Rust or npm; all by default, on Linux with a stand-in for
//                                                  Windows, which is only for tests

import { buildTarget } from './platforms/build.mjs'
import { checkAddon } from './platforms/check.mjs'
import { builtHere, platformOf } from './platforms/targets.mjs'
import { installPackages } from './setup.mjs'

installPackages()
const lines = builtHere(process.argv.slice(2)).map((target) => {
  const rust = buildTarget(target)
  return `${platformOf(target).name}: ${checkAddon(target).join(', ')}; built by ${rust}`
})
console.log(lines.join('\n'))
