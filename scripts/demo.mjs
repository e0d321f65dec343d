// Builds the addon if need be and runs the demonstration.

import { buildAddon, installPackages, run } from './setup.mjs'

installPackages()
buildAddon()
process.exitCode = run('node', ['examples/demo/main.mjs']) ? 0 : 1
