// Builds the addon, installs the example app with it, and starts the app. On Redis when the environment names one.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { installExample } from './example.mjs'
import { pack } from './pack.mjs'
import { buildAddon, installPackages, root, run } from './setup.mjs'

const folder = join(root, 'target', 'demo')
const packages = join(folder, 'packages')
const app = join(folder, 'booking')

installPackages()
buildAddon()
rmSync(packages, { recursive: true, force: true })
mkdirSync(packages, { recursive: true })
installExample(app, pack(packages))
// An interrupt ends the app, which ends this.
process.on('SIGINT', () => undefined)
run('node', ['start.mjs', 'dev', ...process.argv.slice(2)], { cwd: app })
