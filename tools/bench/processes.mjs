// The processes of a run: the servers, and one process for each client or store that is measured, which does one thing
// at a time. Progress is shown on one line.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

import { makeAuthority } from '../authority.mjs'
import { GatewayControl } from '../gateway/control.mjs'
import spawning from '../gateway/spawn.js'

const PROGRESS_INTERVAL_MS = 5000
const SETTINGS_OF_CLIENTS = /^(UPSTASH_|KV_REST_API_|DISABLE_REDIS$|NODE_EXTRA_CA_CERTS$)/

const started = Date.now()
let shownAt = 0

/** This process's environment without the settings that name a Redis. */
export function cleanEnvironment(more = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !SETTINGS_OF_CLIENTS.test(name))
  return { ...Object.fromEntries(kept), ...more }
}

/** Starts the module at `url` in a process. `ask` runs one of the actions that the module serves there. */
export function startProcess(url, environment = {}) {
  const path = fileURLToPath(url)
  const child = fork(path, { serialization: 'advanced', env: cleanEnvironment(environment) })
  const exited = once(child, 'exit')
  const ask = async (action, input) => {
    child.send({ action, input })
    const [reply] = await Promise.race([
      once(child, 'message'),
      exited.then(([code, signal]) => [{ error: `${path} exited with ${signal ?? code}` }]),
    ])
    if (reply.error) throw new Error(reply.error)
    return reply.output
  }
  const stop = async (signal) => {
    child.kill(signal)
    await exited
  }
  return { ask, stop }
}

/** In the process started for the module at `url`, runs the actions that `ask` names. Does nothing elsewhere. */
export function serveParent(url, actions) {
  if (!process.send || process.argv[1] !== fileURLToPath(url)) return
  process.on('message', async ({ action, input }) => {
    try {
      process.send({ output: await actions[action](input) })
    } catch (error) {
      process.send({ error: error.stack })
    }
  })
  // Open connections would keep it running.
  process.on('disconnect', () => process.exit())
}

/** Starts two gateways, without and with TLS, each with its own Redis. `stop` also removes the certificates. */
export async function startServers() {
  const authority = await makeAuthority(tmpdir())
  const http = await spawning.spawnGateway()
  const tls = await spawning.spawnGateway([
    ...['--tls-certificate', authority.certificate],
    ...['--tls-key', authority.key],
  ])
  const server = ({ address }, env) => ({ address, control: new GatewayControl(address), env })
  return {
    http: server(http, {}),
    tls: server(tls, { NODE_EXTRA_CA_CERTS: authority.authority }),
    async stop() {
      await Promise.all([http.stop(), tls.stop()])
      authority.remove()
    },
  }
}

/** Shows what is being measured. Without a terminal it prints a line every few seconds. */
export function progress(text) {
  const seconds = Math.round((Date.now() - started) / 1000)
  const line = `${seconds} s: ${text}`
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[K${line}`)
  } else if (Date.now() - shownAt >= PROGRESS_INTERVAL_MS) {
    shownAt = Date.now()
    process.stderr.write(`${line}\n`)
  }
}

export function endProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}
