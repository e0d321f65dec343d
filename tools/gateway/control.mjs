// A client of the gateway's control server.

export class GatewayControl {
  #url

  constructor({ controlUrl }) {
    this.#url = controlUrl
  }

  /** Adds a fault, as crates/gateway/README.md describes it. */
  async addFault(fault) {
    await this.#request('POST', '/faults', fault)
  }

  async clearFaults() {
    await this.#request('DELETE', '/faults')
  }

  async counters() {
    return (await this.#request('GET', '/counters')).json()
  }

  /** The number of HTTP requests that the gateway has received. */
  async requests() {
    return (await this.counters()).requests
  }

  async #request(method, path, body) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(this.#url + path, { method, headers, body: body && JSON.stringify(body) })
    if (!response.ok) throw new Error(`${method} ${path} got ${response.status}: ${await response.text()}`)
    return response
  }
}
