// Calls in flight: in every round, each setting is measured with one client after the other.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { calls, connect, keyOf, PACKAGE, prefill } from './clients.mjs'
import { medians } from './figures.mjs'
import { load } from './load.mjs'
import { progress, serveParent, startProcess } from './processes.mjs'

const WRK_SECONDS = 1
/** The request that redlatch makes for a GET. */
const WRK_SCRIPT = `wrk.method = "POST"
wrk.body = '["GET","' .. os.getenv("BENCH_KEY") .. '"]'
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Upstash-Encoding"] = "base64"
`
const MICROSECONDS = { us: 1, ms: 1000, s: 1_000_000 }

/** The settings, each with the medians of every client, and of wrk where it is comparable. */
export async function measureCallsInFlight(plan, servers) {
  const processes = await startClients(plan, servers)
  try {
    const results = plan.load.map((setting) => ({ ...setting, figures: {}, wrk: [] }))
    const rounds = Math.max(...results.map((result) => result.rounds))
    for (let round = 0; round < rounds; round += 1) {
      for (const result of results) {
        if (round < result.rounds) await measureOnce(result, round, { processes, servers, rounds })
      }
    }
    return results.map(({ figures, wrk, ...setting }) => ({
      ...setting,
      clients: Object.fromEntries(setting.clients.map((name) => [name, medians(figures[name])])),
      wrk: wrk.length > 0 ? medians(wrk) : null,
    }))
  } finally {
    for (const { stop } of processes.values()) await stop()
  }
}

/** Starts a process for each client and transport, and stores the values that will be read. */
async function startClients(plan, servers) {
  const processes = new Map()
  for (const { transport, clients } of plan.load) {
    for (const name of clients) {
      const id = `${transport} ${name}`
      if (processes.has(id)) continue
      progress(`starting ${name} over ${transport}`)
      const { address, env } = servers[transport]
      const child = startProcess(import.meta.url, env)
      processes.set(id, child)
      await child.ask('connect', { name, address, folder: plan.folders?.[name] })
      if (name === PACKAGE) {
        for (const bytes of plan.sizes) await child.ask('prefill', { bytes })
      }
      await child.ask('warmUp', { bytes: plan.sizes[0], milliseconds: plan.warmUp })
    }
  }
  return processes
}

async function measureOnce(result, round, { processes, servers, rounds }) {
  const { transport, kind, bytes, inFlight, milliseconds, warmUp, withWrk } = result
  const { address, control } = servers[transport]
  // Each round begins with another client, so that no client always follows the same other one.
  const order = result.clients.map((_, place) => result.clients[(place + round) % result.clients.length])
  for (const name of order) {
    progress(`round ${round + 1} of ${rounds}: ${kind}, ${bytes} bytes, ${inFlight} in flight, ${name}`)
    const { ask } = processes.get(`${transport} ${name}`)
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

/** The figures of wrk with one connection, which measures the gateway itself; `null` if wrk is not installed. */
async function runWrk({ url, token }, bytes, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'redlatch-wrk-'))
  const script = join(folder, 'get.lua')
  writeFileSync(script, WRK_SCRIPT)
  const args = ['--threads', '1', '--connections', '1', '--duration', `${seconds}s`, '--latency']
  const env = { ...process.env, BENCH_TOKEN: token, BENCH_KEY: keyOf(bytes, 0) }
  try {
    const { stdout } = await promisify(execFile)('wrk', [...args, '--script', script, url], { env })
    if (/Non-2xx/.test(stdout)) throw new Error(`the gateway rejected the requests of wrk: ${stdout}`)
    const opsPerSecond = Number(stdout.match(/^Requests\/sec:\s+([\d.]+)$/m)[1])
    return { p50: wrkLatency(stdout, 50), p99: wrkLatency(stdout, 99), opsPerSecond }
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function wrkLatency(output, percent) {
  const [, number, unit] = output.match(new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s)$`, 'm'))
  return Number(number) * MICROSECONDS[unit]
}

let client

serveParent(import.meta.url, {
  async connect({ name, address, folder }) {
    client = await connect(name, address, folder)
  },

  async prefill({ bytes }) {
    await prefill(client, bytes)
  },

  /** Lets the client open its connections and V8 optimize the code. */
  async warmUp({ bytes, milliseconds }) {
    for (const make of Object.values(calls)) {
      for (const inFlight of [1, 64]) await load(make(client, bytes), inFlight, milliseconds)
    }
  },

  async measure({ kind, bytes, inFlight, milliseconds }) {
    const figures = await load(calls[kind](client, bytes), inFlight, milliseconds)
    client.check?.()
    return figures
  },
})
