// npm run bench: measures the package side by side with what it could be built on. With --quick it takes less than a
// minute and leaves bench/RESULTS.md alone. What has to be built or installed first comes on top.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { buildAddon, buildGateway, installPackages, installRedis, installWrk } from '../scripts/setup.mjs'

const isQuick = process.argv.includes('--quick')

installPackages()
installRedis()
installWrk()
buildAddon()
buildGateway()

// These need the packages that have been installed just now.
const { measureAll } = await import('./measure-all.mjs')
const { plans } = await import('./plan.mjs')
const { report } = await import('./report.mjs')
const { machine } = await import('./machine.mjs')

// First, so that it names the state of the code that is measured.
const about = machine()
const text = `${report(await measureAll(isQuick ? plans.quick : plans.full), about)}\n`
console.log(text)
if (!isQuick) writeFileSync(fileURLToPath(new URL('RESULTS.md', import.meta.url)), text)
