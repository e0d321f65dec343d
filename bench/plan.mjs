// What is measured, how often and for how long.

export const PEER = '@upstash/redis'

/** Clients by their name in the tables, which is their package's, and the module that uses them. */
export const MODULES = {
  redlatch: 'redlatch',
  [PEER]: 'upstash-redis',
  ioredis: 'ioredis',
  redis: 'node-redis',
  '@valkey/valkey-glide': 'valkey-glide',
}

export const TCP_CLIENTS = ['ioredis', 'redis', '@valkey/valkey-glide']
const HTTP_CLIENTS = ['redlatch', PEER]
const ALL_CLIENTS = Object.keys(MODULES)

const LEVELS = [1, 16, 64, 512]
const ENDS = [1, 64]
const [GET, SET, MIX] = ['GET', 'SET with TTL', 'mix of the caches']

/** wrk knows one connection with one request at a time, and measures the server itself. */
const isForWrk = ({ transport, kind, bytes, inFlight }) =>
  transport === 'http' && kind === GET && bytes === 100 && inFlight === 1

/** Settings of calls in flight that are measured alike. */
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
  memory: { entries: [10, 10_000, 1_000_000], rounds: 5, milliseconds: 150 },
  startUp: { rounds: 11 },
  flows: { rounds: 40, delay: 3 },
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
  memory: { entries: [10, 10_000, 1_000_000], rounds: 1, milliseconds: 60 },
  startUp: { rounds: 3 },
  flows: { rounds: 8, delay: 3 },
  leak: false,
}

export const plans = { full, quick }
