// The gateway of one client, and what its control server can do.

import spawning from '../__test__/support/spawn-gateway.js'

export class Gateway {
  #controlUrl

  /** A gateway in front of `redis`, so that a fault can hit one client only; without it, in front of one of its own. */
  static async start(redis) {
    const { address, stop } = await spawning.spawnGateway(redis ? ['--redis-url', redis.url] : [])
    return new Gateway(address, stop)
  }

  constructor({ url, token, controlUrl }, stop) {
    this.address = { url, token }
    this.#controlUrl = controlUrl
    this.stop = stop
  }

  async add(fault) {
    await this.#ask('POST', fault)
  }

  async clear() {
    await this.#ask('DELETE')
  }

  async counters() {
    return (await fetch(`${this.#controlUrl}/counters`)).json()
  }

  async #ask(method, body) {
    const headers = { 'content-type': 'application/json' }
    const url = `${this.#controlUrl}/faults`
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) })
    if (!response.ok) throw new Error(`${method} /faults got ${response.status}: ${await response.text()}`)
  }
}
