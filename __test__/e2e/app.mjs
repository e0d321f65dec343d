// An app under test, the example unless another folder is given: built in one of several ways, with a gateway and a
// stand-in for Stripe of its own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { startStripeStandIn } from '../../examples/booking/stripe-stand-in.mjs'
import gateways from '../../tools/gateway/spawn.js'
import { plainEnvironment } from './command.mjs'

const folder = join(process.env.REDLATCH_E2E_FOLDER ?? '', 'booking')
const isWindows = process.platform === 'win32'

/** Builds the app; the text that the build has printed. */
export async function build(bundler, output = '') {
  const { code, text } = await tryToBuild(bundler, folder, { BOOKING_OUTPUT: output })
  if (code !== 0) throw new Error(`next build --${bundler} ended with ${code}:\n${text}`)
  return text
}

/** Builds the app in `cwd`; how that has ended, and what was printed. */
export async function tryToBuild(bundler, cwd, environment) {
  rmSync(join(cwd, '.next'), { recursive: true, force: true })
  const { child, text } = start('npx', ['next', 'build', `--${bundler}`], environment, cwd)
  const [code] = await once(child, 'close')
  return { code, text: text() }
}

/** Starts the app on a free port, in the folder where it was built. */
export function serve(command, environment, cwd = folder) {
  return listen(
    'node',
    ['node_modules/next/dist/bin/next', command, '-H', '127.0.0.1', '-p', '0'],
    environment,
    cwd,
  )
}

/** Starts the standalone output as an image of a container would have it: copied away, with its static files beside. */
export async function serveStandalone(environment, built = folder) {
  const image = mkdtempSync(join(tmpdir(), 'redlatch-standalone-'))
  cpSync(join(built, '.next', 'standalone'), image, { recursive: true, verbatimSymlinks: true })
  cpSync(join(built, '.next', 'static'), join(image, '.next', 'static'), { recursive: true })
  const port = String(await freePort())
  const address = { PORT: port, HOSTNAME: '127.0.0.1' }
  const app = await listen('node', ['server.js'], { ...environment, ...address }, image)
  const stop = async () => {
    const code = await app.stop()
    rmSync(image, { recursive: true })
    return code
  }
  return { ...app, stop }
}

/** A gateway with a Redis of its own and a stand-in for Stripe, and the environment that leads an app to both. */
export async function startServices() {
  const [{ address, stop }, stripe] = await Promise.all([gateways.spawnGateway(), startStripeStandIn()])
  const control = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${address.controlUrl}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path} got ${response.status}`)
  }
  const ask = async (...command) => {
    const headers = { authorization: `Bearer ${address.token}` }
    const response = await fetch(address.url, { method: 'POST', headers, body: JSON.stringify(command) })
    if (!response.ok) throw new Error(`${command[0]} got ${response.status}`)
    return (await response.json()).result
  }
  return {
    stripe,
    /** What Redis says to a command, asked past the package. */
    ask,
    /** Frees the times that earlier tests have booked. */
    forget: () => ask('FLUSHDB'),
    redis: { stop: () => control('POST', '/redis/stop'), start: () => control('POST', '/redis/start') },
    gateway: {
      refuse: () => control('POST', '/faults', { fault: 'refuse' }),
      recover: () => control('DELETE', '/faults'),
    },
    environment: {
      UPSTASH_REDIS_REST_URL: address.url,
      UPSTASH_REDIS_REST_TOKEN: address.token,
      STRIPE_STAND_IN_URL: stripe.url,
      DEMO_CONTROL_URL: address.controlUrl,
    },
    stop: () => Promise.all([stop(), stripe.stop()]),
  }
}

async function listen(command, options, environment, cwd) {
  const { child, text, firstUrl } = start(command, options, environment, cwd)
  const ended = once(child, 'close')
  const url = await Promise.race([
    firstUrl,
    ended.then(([code]) => {
      throw new Error(`the app ended with ${code} before it listened:\n${text()}`)
    }),
  ])
  /** Asks it to end, as a platform does; its code. */
  const stop = async () => {
    child.kill()
    const [code] = await ended
    return code
  }
  return { url, output: text, stop }
}

/** A child process whose output is kept, and read for the address at which Next says that it listens. */
function start(command, options, environment, cwd = folder) {
  const env = { ...plainEnvironment(), ...environment }
  const child = spawn(command, options, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], shell: isWindows })
  const lines = []
  const firstUrl = new Promise((resolve) => {
    let url
    const read = (line) => {
      lines.push(line)
      url ??= /Local:\s+(http\S+)/.exec(line)?.[1]
      if (line.includes('Ready in')) resolve(url)
    }
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read)
  })
  return { child, text: () => lines.join('\n'), firstUrl }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
