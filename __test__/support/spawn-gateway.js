// Starts the Upstash-compatible test server with a Redis of its own, unless it is told of one by --redis-url. Plain
// JavaScript, because leak.mjs uses it too.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { createInterface } = require('node:readline')

const program = join(__dirname, '..', '..', 'target', 'release', 'redlatch-gateway')

/** Resolves once the gateway is ready. It ends with this process, or when `stop` is called. */
async function spawnGateway(options = []) {
  const redis = options.includes('--redis-url') ? [] : ['--spawn-redis']
  const child = spawn(program, [...redis, '--exit-with-stdin', ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const [line] = await Promise.race([
    once(lines, 'line'),
    ended.then(([code]) => {
      throw new Error(`the gateway ended with code ${code} before it was ready`)
    }),
  ])
  const stop = async () => {
    child.stdin.end()
    await ended
  }
  return { address: JSON.parse(line), stop }
}

module.exports = { spawnGateway }
