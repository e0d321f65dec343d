// The servers of a run: two gateways, without TLS and with it, each with a Redis of its own.

import spawning from '../__test__/support/spawn-gateway.js'
import { makeAuthority } from './authority.mjs'

/** What a gateway's control server can do that a measurement needs. */
export class Control {
  constructor({ controlUrl }) {
    this.url = controlUrl
  }

  async requests() {
    return (await this.#ask('GET', '/counters').then((response) => response.json())).requests
  }

  async setLatency(milliseconds) {
    await this.#ask('POST', '/faults', { fault: 'latency', ms: milliseconds })
  }

  async clearFaults() {
    await this.#ask('DELETE', '/faults')
  }

  async #ask(method, path, body) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) })
    if (!response.ok) throw new Error(`${method} ${path} got ${response.status}`)
    return response
  }
}

/** Starts both. `stop` ends them and takes the run's certificates away. */
export async function startServers() {
  const authority = await makeAuthority()
  const http = await spawning.spawnGateway()
  const tls = await spawning.spawnGateway([
    ...['--tls-certificate', authority.certificate],
    ...['--tls-key', authority.key],
  ])
  const of = ({ address }, env) => ({ address, control: new Control(address), env })
  return {
    http: of(http, {}),
    tls: of(tls, { NODE_EXTRA_CA_CERTS: authority.authority }),
    async stop() {
      await Promise.all([http.stop(), tls.stop()])
      authority.remove()
    },
  }
}
