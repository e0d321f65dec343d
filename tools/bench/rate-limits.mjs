// Rate limits: this package beside what people would use instead. What a request costs, what it sends, four limits together,
// and an id that is certain to be denied.

import { randomUUID } from 'node:crypto'

import { Redis } from 'ioredis'

import { counted } from './counted.mjs'
import { median } from './figures.mjs'
import { limiters } from './limiters.mjs'
import { load } from './load.mjs'
import { progress, serveParent, startProcess } from './processes.mjs'
import { inRounds } from './rounds.mjs'

/** So many ids, of which each is admitted so often, that none is ever denied. */
const IDS = 1000
const PLENTY = 1_000_000

export async function measureRateLimits({ cost, together, denied }, { http }) {
  const redis = new Redis(http.address.redisUrl)
  const processes = new Map()
  try {
    for (const name of Object.keys(limiters)) {
      const child = startProcess(import.meta.url)
      processes.set(name, child)
      await child.ask('connect', { name, address: http.address })
    }
    return {
      times: await measureTimes(processes, cost),
      sent: await measureSent(processes, http.control, redis),
      together: await measureTogether(processes, together, http.control),
      denied: await measureDenied(processes, denied, http.control),
      delay: together.delay,
      deniedCalls: denied.calls,
    }
  } finally {
    redis.disconnect()
    for (const { stop } of processes.values()) await stop()
  }
}

/** Each package with each of its algorithms. */
const pairs = Object.entries(limiters).flatMap(([name, { algorithms }]) =>
  algorithms.map((algorithm) => ({ name, algorithm })),
)

async function measureTimes(processes, { levels, rounds, milliseconds, warmUp }) {
  const rows = levels.flatMap((inFlight) => pairs.map((pair) => ({ inFlight, ...pair })))
  return inRounds(rows, rounds, async ({ name, algorithm, inFlight }, round) => {
    progress(`rate limits: ${round}, ${inFlight} in flight, ${name}, ${algorithm}`)
    const { ask } = processes.get(name)
    await ask('measure', { algorithm, inFlight, milliseconds: warmUp })
    return ask('measure', { algorithm, inFlight, milliseconds })
  })
}

/** What the first request of an id sends, the second one, and the third, which is denied. */
async function measureSent(processes, control, redis) {
  const rows = []
  for (const { name, algorithm } of pairs) {
    const { ask } = processes.get(name)
    const limitOnce = (id) => ask('limit', { algorithm, id, tokens: 2 })
    // Redis may not know the script yet.
    await limitOnce(randomUUID())
    const id = randomUUID()
    const sent = {}
    for (const [kind, expected] of [
      ['first', true],
      ['later', true],
      ['denied', false],
    ]) {
      sent[kind] = await counted(control, redis, async () => {
        if ((await limitOnce(id)) !== expected) throw new Error(`${name}, ${algorithm}: not ${kind}`)
      })
    }
    rows.push({ name, algorithm, sent })
  }
  return rows
}

async function measureTogether(processes, { rounds, delay }, control) {
  const rows = []
  for (const { ask } of processes.values()) {
    for (const way of await ask('waysTogether')) {
      progress(`four rate limits with ${delay} ms of delay: ${way}`)
      await ask('together', { way, rounds: 2 })
      await control.addFault({ fault: 'latency', ms: delay })
      const before = await control.requests()
      const elapsed = await ask('together', { way, rounds })
      const requests = ((await control.requests()) - before) / rounds
      await control.clearFaults()
      rows.push({ way, requests, milliseconds: median(elapsed) })
    }
  }
  return rows
}

async function measureDenied(processes, { rounds, calls }, control) {
  const rows = [...processes.keys()].map((name) => ({ name, microseconds: [], requests: 0 }))
  for (let round = 0; round < rounds; round += 1) {
    for (const row of rows) {
      progress(`an id that is certain to be denied: round ${round + 1} of ${rounds}, ${row.name}`)
      const { ask } = processes.get(row.name)
      const id = randomUUID()
      await ask('deny', { id })
      const before = await control.requests()
      row.microseconds.push(await ask('askDenied', { id, calls }))
      row.requests += ((await control.requests()) - before) / (calls * rounds)
    }
  }
  return rows.map((row) => ({ ...row, microseconds: median(row.microseconds) }))
}

let connected
const made = new Map()

function limiter(algorithm, tokens, remembers = false) {
  const name = `${algorithm} ${tokens} ${remembers}`
  if (!made.has(name)) made.set(name, connected.limiter(algorithm, tokens, remembers))
  return made.get(name)
}

const allTogether = () => {
  if (!made.has('together')) made.set('together', connected.together(PLENTY))
  return made.get('together')
}

serveParent(import.meta.url, {
  async connect({ name, address }) {
    connected = await limiters[name].connect(address)
  },

  measure({ algorithm, inFlight, milliseconds }) {
    const limitOne = limiter(algorithm, PLENTY)
    const admit = async (number) => {
      if (!(await limitOne(`id-${number % IDS}`))) throw new Error(`${algorithm}: denied`)
    }
    return load(admit, inFlight, milliseconds)
  },

  limit: ({ algorithm, id, tokens }) => limiter(algorithm, tokens)(id),

  waysTogether: () => Object.keys(allTogether()),

  /** The milliseconds of each round. */
  async together({ way, rounds }) {
    const admitAll = allTogether()[way]
    const elapsed = []
    for (let round = 0; round < rounds; round += 1) {
      const started = performance.now()
      if (!(await admitAll('id'))) throw new Error(`${way}: denied`)
      elapsed.push(performance.now() - started)
    }
    return elapsed
  },

  /** Brings an id to where it is denied without a request. */
  async deny({ id }) {
    const limitOne = limiter('fixedWindow', 1, true)
    await limitOne(id)
    if (await limitOne(id)) throw new Error('not denied')
  },

  /** The microseconds of a call, which are awaited one by one. */
  async askDenied({ id, calls }) {
    const limitOne = limiter('fixedWindow', 1, true)
    const started = performance.now()
    for (let call = 0; call < calls; call += 1) if (await limitOne(id)) throw new Error('admitted')
    return ((performance.now() - started) * 1000) / calls
  },
})
