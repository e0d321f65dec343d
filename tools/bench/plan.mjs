// What is measured, how often and for how long.

import { HTTP_CLIENTS, OTHER_BUILD, PACKAGE, TCP_CLIENTS } from './clients.mjs'
import { LRU_CACHE, SWEPT_MAP } from './memory.mjs'

const ALL_CLIENTS = [...HTTP_CLIENTS, ...TCP_CLIENTS]
const BUILDS = [PACKAGE, OTHER_BUILD]
const STORES = [PACKAGE, SWEPT_MAP, LRU_CACHE]

const LEVELS = [1, 16, 64, 512]
const ENDS = [1, 64]
const [GET, SET, MIX] = ['GET', 'SET with TTL', 'mix of the caches']

/** wrk has one request in flight on its connection. */
const isForWrk = ({ transport, clients, kind, bytes, inFlight }) =>
  transport === 'http' && clients === ALL_CLIENTS && kind === GET && bytes === 100 && inFlight === 1

/** Settings that are measured with the same effort. */
function settings(transport, clients, kinds, sizes, levels, effort) {
  const all = []
  for (const kind of kinds)
    for (const bytes of sizes)
      for (const inFlight of levels) all.push({ transport, clients, kind, bytes, inFlight, ...effort })
  return all.map((setting) => ({ ...setting, withWrk: isForWrk(setting) }))
}

const careful = { rounds: 5, milliseconds: 1000, warmUp: 150 }
const usual = { rounds: 3, milliseconds: 400, warmUp: 60 }

const full = {
  load: [
    ...settings('http', ALL_CLIENTS, [GET], [100], LEVELS, careful),
    ...settings('http', ALL_CLIENTS, [SET, MIX], [100], LEVELS, usual),
    ...settings('http', ALL_CLIENTS, [GET, SET, MIX], [10_000], LEVELS, usual),
    ...settings('tls', HTTP_CLIENTS, [GET], [100], ENDS, careful),
    ...settings('tls', HTTP_CLIENTS, [SET, MIX], [100], ENDS, usual),
    ...settings('tls', HTTP_CLIENTS, [GET, SET, MIX], [10_000], ENDS, usual),
  ],
  sizes: [100, 10_000],
  warmUp: 400,
  memory: {
    entries: [10, 10_000, 1_000_000],
    stores: STORES,
    calls: ['get', 'set'],
    rounds: 5,
    milliseconds: 150,
  },
  startUp: { rounds: 11 },
  flows: { rounds: 40, delay: 3 },
  idempotency: {
    cost: { ...careful, levels: ENDS, calls: 20 },
    leaseMs: 1000,
    limitMs: 6000,
    waiting: { workMs: [50, 200, 500, 900], rounds: 24 },
  },
  rateLimits: {
    cost: { ...careful, levels: ENDS },
    together: { rounds: 40, delay: 3 },
    denied: { rounds: 5, calls: 200_000 },
  },
  sessions: {
    cost: { ...careful, levels: ENDS },
    revocation: { rounds: 15, sizes: [1, 100, 10_000], total: 20_000 },
  },
  leak: true,
}

const brief = { rounds: 2, milliseconds: 200, warmUp: 50 }
const once = { rounds: 1, milliseconds: 120, warmUp: 30 }

const quick = {
  load: [
    ...settings('http', ALL_CLIENTS, [GET], [100], LEVELS, brief),
    ...settings('http', ALL_CLIENTS, [SET, MIX], [100], ENDS, once),
    ...settings('http', ALL_CLIENTS, [GET], [10_000], ENDS, once),
    ...settings('tls', HTTP_CLIENTS, [GET], [100], ENDS, brief),
  ],
  sizes: [100, 10_000],
  warmUp: 120,
  memory: { ...full.memory, rounds: 1, milliseconds: 60 },
  startUp: { rounds: 3 },
  flows: { rounds: 8, delay: 3 },
  idempotency: {
    cost: { ...once, levels: ENDS, calls: 5 },
    leaseMs: 500,
    limitMs: 1000,
    waiting: { workMs: [50, 900], rounds: 2 },
  },
  rateLimits: {
    cost: { ...once, levels: ENDS },
    together: { rounds: 8, delay: 3 },
    denied: { rounds: 1, calls: 20_000 },
  },
  sessions: {
    cost: { ...brief, levels: ENDS },
    revocation: { rounds: 2, sizes: [1, 100, 10_000], total: 11_000 },
  },
  leak: false,
}

export const plans = { full, quick }

const pairwise = {
  full: { load: { rounds: 15, milliseconds: 500, warmUp: 100 }, memory: { rounds: 15, milliseconds: 100 } },
  quick: { load: { rounds: 5, milliseconds: 200, warmUp: 50 }, memory: { rounds: 5, milliseconds: 60 } },
}

/** Compares this build with that of another checkout. */
export function planAgainst(folder, effort) {
  const { load, memory } = pairwise[effort]
  return {
    load: settings('http', BUILDS, [GET], [100], [1, 64, 512], load),
    sizes: [100],
    warmUp: 300,
    memory: { entries: [10_000, 1_000_000], stores: BUILDS, calls: ['get'], ...memory },
    folders: { [OTHER_BUILD]: folder },
  }
}
