// Builds what the chaos run needs and starts it with the options given here.

import { buildAddon, buildGateway, installPackages, installRedis, run } from './setup.mjs'

installPackages()
installRedis()
buildAddon()
buildGateway()
process.exitCode = run('node', ['tools/chaos/main.mjs', ...process.argv.slice(2)]) ? 0 : 1
