// Builds the addon and runs the demonstration for a terminal, beside a Redis if there is one to start.

import { startRedis } from './demo-redis.mjs'
import { buildAddon, installPackages, run } from './setup.mjs'

installPackages()
buildAddon()
const { environment, stop } = await startRedis()
const env = { ...process.env, ...environment }
process.exitCode = run('node', ['examples/demo/main.mjs'], { env }) ? 0 : 1
await stop()
