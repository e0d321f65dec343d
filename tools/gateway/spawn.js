// Starts the Upstash-compatible gateway, with its own Redis unless `options` name another by --redis-url. CommonJS,
// because Jest imports it, too.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { createInterface } = require('node:readline')

const program = join(__dirname, '..', '..', 'target', 'release', 'redlatch-gateway')

/** Resolves once the gateway is ready. It stops with this process, or when `stop` is called. */
async function spawnGateway(options = []) {
  const redis = options.includes('--redis-url') ? [] : ['--spawn-redis']
  const child = spawn(program, [...redis, '--exit-with-stdin', ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const [line] = await Promise.race([
    once(lines, 'line'),
    exited.then(([code]) => {
      throw new Error(`the gateway exited with code ${code} before it was ready`)
    }),
  ])
  const stop = async () => {
    child.stdin.end()
    await exited
  }
  return { address: JSON.parse(line), stop }
}

module.exports = { spawnGateway }
