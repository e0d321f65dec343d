import { request } from 'node:http'
import { type GatewayAddress, spawnGateway } from '../../tools/gateway/spawn.js'

/** What a gateway has seen. */
export interface Counters {
  connections: number
  requests: number
  commands: { total: number; byName: Record<string, number> }
}

/** A rule of the gateway's fault control; see crates/gateway/README.md. */
export interface Fault {
  fault: string
  requests?: number
  status?: number
  body?: string
  ms?: number
}

/** A gateway that one spec has for itself. */
export interface Gateway extends GatewayAddress {
  setFault(fault: Fault): Promise<void>
  clearFaults(): Promise<void>
  counters(): Promise<Counters>
  restartRedis(): Promise<void>
  stop(): Promise<void>
}

/** The gateway that all specs share. Its keys are to be unique, its faults and counters to be left alone. */
export function sharedGateway(): GatewayAddress {
  return JSON.parse(process.env.REDLATCH_TEST_GATEWAY ?? '')
}

/** A gateway of the spec's own, for faults and counters, which are the same for all clients of a gateway. */
export async function startGateway(options: string[] = []): Promise<Gateway> {
  const { address, stop } = await spawnGateway(options)
  const control = (method: string, path: string, body?: object) => ask(address.controlUrl, method, path, body)
  return {
    ...address,
    stop,
    setFault: async (fault) => void (await control('POST', '/faults', fault)),
    clearFaults: async () => void (await control('DELETE', '/faults')),
    counters: async () => JSON.parse(await control('GET', '/counters')),
    restartRedis: async () => {
      await control('POST', '/redis/stop')
      await control('POST', '/redis/start')
    },
  }
}

/** One request to the control server. Not `fetch`, which the jsdom environment does not have. */
function ask(controlUrl: string, method: string, path: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' }
    const sent = request(`${controlUrl}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if ((response.statusCode ?? 500) < 300) resolve(text)
        else reject(new Error(`${method} ${path} got ${response.statusCode}: ${text}`))
      })
    })
    sent.on('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}
