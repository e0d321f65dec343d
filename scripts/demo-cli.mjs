// Builds the addon and runs the demonstration for a terminal.

import { buildAddon, installPackages, run } from './setup.mjs'

installPackages()
buildAddon()
process.exitCode = run('node', ['examples/demo/main.mjs']) ? 0 : 1
