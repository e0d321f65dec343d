// Builds what the chaos run needs and starts it with the options given here.

import { buildAddon, buildGateway, installFaketime, installPackages, installRedis, run } from './setup.mjs'

installPackages()
installRedis()
installFaketime()
buildAddon()
buildGateway()
process.exitCode = run('node', ['tools/chaos/main.mjs', ...process.argv.slice(2)]) ? 0 : 1
