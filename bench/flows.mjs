// What a user of the caches waits for: requests and milliseconds of whole flows, with a delay as of a network.

import { startChild } from './child.mjs'
import { median } from './median.mjs'
import { PEER } from './plan.mjs'
import { progress } from './progress.mjs'

export const TOGETHER = `${PEER} with Promise.all`

const WAYS = {
  redlatch: { module: 'redlatch', variant: 'steps' },
  [PEER]: { module: 'upstash-redis', variant: 'steps' },
  [TOGETHER]: { module: 'upstash-redis', variant: 'stepsTogether' },
}

/** For each flow, each client's requests and milliseconds. */
export async function measureFlows({ rounds, delay }, { http }) {
  const children = {}
  let flows
  for (const [name, way] of Object.entries(WAYS)) {
    children[name] = startChild('flows/flow-process.mjs')
    flows = await children[name].ask('connect', { ...way, address: http.address })
  }
  await http.control.setLatency(delay)
  const rows = []
  for (const flow of flows) {
    const clients = {}
    for (const [name, { ask }] of Object.entries(children)) {
      progress(`flow with ${delay} ms of delay: ${flow}, ${name}`)
      clients[name] = await measure(ask, flow, rounds, http.control)
    }
    rows.push({ flow, clients })
  }
  await http.control.clearFaults()
  for (const { stop } of Object.values(children)) await stop()
  return rows
}

async function measure(ask, flow, times, control) {
  await ask('run', { flow, times: 2 })
  const before = await control.requests()
  const elapsed = await ask('run', { flow, times })
  const requests = ((await control.requests()) - before) / times
  return { requests, milliseconds: median(elapsed) }
}
