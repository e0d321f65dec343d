// Builds what the fuzz of replies needs and starts it with the options given here.

import { buildAddon, installPackages, run } from './setup.mjs'

installPackages()
buildAddon()
process.exitCode = run('node', ['tools/fuzz/main.mjs', ...process.argv.slice(2)]) ? 0 : 1
