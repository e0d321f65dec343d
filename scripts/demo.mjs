// Builds the addon, installs the example app with it, and starts the app, beside a Redis with a plug to pull. The app is on
// the Redis that the environment names if it names one, and on memory if there is none.
//   npm run demo [-- options of next dev, as -p 3001]

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { startRedis } from './demo-redis.mjs'
import { installExample } from './example.mjs'
import { pack } from './pack.mjs'
import { buildAddon, installPackages, root } from './setup.mjs'

const folder = join(root, 'target', 'demo')
const packages = join(folder, 'packages')
const app = join(folder, 'booking')

installPackages()
buildAddon()
rmSync(packages, { recursive: true, force: true })
mkdirSync(packages, { recursive: true })
installExample(app, pack(packages))
const redis = await startRedis()
const child = spawn(process.execPath, ['start.mjs', 'dev', ...process.argv.slice(2)], {
  cwd: app,
  stdio: 'inherit',
  env: { ...process.env, ...redis.environment },
})
// The app ends at once, and then this; an interrupt from the keyboard reaches both.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
const [code] = await once(child, 'exit')
await redis.stop()
process.exitCode = code ?? 0
