// Calls in flight, side by side: round after round, each setting with one client after the other.

import { startChild } from './child.mjs'
import { medians } from './median.mjs'
import { MODULES } from './plan.mjs'
import { progress } from './progress.mjs'
import { runWrk } from './wrk.mjs'

const WRK_SECONDS = 1

/** The settings, each with the medians of every client, and of wrk where that can be compared. */
export async function measureLoad(plan, servers) {
  const children = await startClients(plan, servers)
  try {
    const results = plan.load.map((setting) => ({ ...setting, figures: {}, wrk: [] }))
    const rounds = Math.max(...results.map((result) => result.rounds))
    for (let round = 0; round < rounds; round += 1) {
      for (const result of results) {
        if (round < result.rounds) await measureOnce(result, round, { children, servers, rounds })
      }
    }
    return results.map(({ figures, wrk, ...setting }) => ({
      ...setting,
      clients: Object.fromEntries(setting.clients.map((name) => [name, medians(figures[name])])),
      wrk: wrk.length > 0 ? medians(wrk) : null,
    }))
  } finally {
    for (const { stop } of children.values()) await stop()
  }
}

/** A process for each client and transport, connected, and the keys that will be read. */
async function startClients(plan, servers) {
  const children = new Map()
  for (const { transport, clients } of plan.load) {
    for (const name of clients) {
      const id = `${transport} ${name}`
      if (children.has(id)) continue
      progress(`starting ${name} over ${transport}`)
      const { address, env } = servers[transport]
      const child = startChild('client-process.mjs', env)
      children.set(id, child)
      await child.ask('connect', { module: MODULES[name], address })
      if (name === 'redlatch') {
        for (const bytes of plan.sizes) await child.ask('prefill', { bytes })
      }
      await child.ask('warmUp', { bytes: plan.sizes[0], milliseconds: plan.warmUp })
    }
  }
  return children
}

async function measureOnce(result, round, { children, servers, rounds }) {
  const { transport, kind, bytes, inFlight, milliseconds, warmUp, withWrk } = result
  const { address, control } = servers[transport]
  // Each round begins with another client, so that none is always the one behind a certain other.
  const order = result.clients.map((_, place) => result.clients[(place + round) % result.clients.length])
  for (const name of order) {
    progress(`round ${round + 1} of ${rounds}: ${kind}, ${bytes} bytes, ${inFlight} in flight, ${name}`)
    const { ask } = children.get(`${transport} ${name}`)
    await ask('measure', { kind, bytes, inFlight, milliseconds: warmUp })
    const before = await control.requests()
    const figures = await ask('measure', { kind, bytes, inFlight, milliseconds })
    const requests = ((await control.requests()) - before) / figures.calls
    result.figures[name] = [...(result.figures[name] ?? []), { ...figures, requests }]
  }
  if (withWrk) {
    const figures = await runWrk(address, bytes, WRK_SECONDS)
    if (figures) result.wrk.push(figures)
  }
}
