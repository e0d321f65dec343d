// The ways to do work once for a key that are compared. Each connects and returns `(key, work) => result`.

import { connectPackage, PACKAGE, PEER } from './clients.mjs'

const DAY_SECONDS = 86_400

export const BY_HAND = `by hand, ${PEER}`
const POWERTOOLS = '@aws-lambda-powertools/idempotency'
const NODE_IDEMPOTENCY = '@node-idempotency/core'
export const POLLING = `${NODE_IDEMPOTENCY}, Redis`
/** Packages whose versions belong to the results. */
export const IDEMPOTENCY_PACKAGES = [POWERTOOLS, NODE_IDEMPOTENCY]

/**
 * `store` is how the way reaches Redis: `http` through the gateway, `tcp` directly, `none` not at all. `leaseMs` is for how
 * long a runner that is not heard of keeps the key, where the way has such a setting.
 */
export const ways = {
  [PACKAGE]: { store: 'http', connect: connectRedlatch },
  [BY_HAND]: { store: 'http', connect: connectByHand },
  [POWERTOOLS]: {
    store: 'tcp',
    connect: async ({ redisUrl }, leaseMs) => powertools(await nodeRedis(redisUrl), contextOf(leaseMs)),
  },
  [`${POWERTOOLS}, no Lambda context`]: {
    store: 'tcp',
    connect: async ({ redisUrl }) => powertools(await nodeRedis(redisUrl)),
  },
  [`${POWERTOOLS}, on GLIDE`]: {
    store: 'tcp',
    connect: async ({ redisUrl }, leaseMs) => powertools(await glide(redisUrl), contextOf(leaseMs)),
  },
  [POLLING]: { store: 'tcp', connect: connectNodeIdempotency },
  [`${NODE_IDEMPOTENCY}, memory`]: {
    store: 'none',
    async connect() {
      const { MemoryStorageAdapter } = await import('@node-idempotency/storage-adapter-memory')
      return nodeIdempotency(new MemoryStorageAdapter())
    },
  },
}

/** The ways whose time is measured: the others differ from one of these in a setting. */
export const TIMED = Object.keys(ways).filter((name) => !/context|GLIDE/.test(name))
/** The ways in which a duplicate in another process waits for the outcome. */
export const WAITING = [PACKAGE, POLLING]

async function connectRedlatch(address, leaseMs) {
  const { IdempotencyCache } = await connectPackage(address)
  return (key, work) => IdempotencyCache.run(key, work, { leaseMs })
}

/** Without renewals, owners or another look when a reply is lost. */
async function connectByHand({ url, token }, leaseMs) {
  const { Redis } = await import('@upstash/redis')
  const redis = new Redis({ url, token })
  await redis.ping()
  return async (key, work) => {
    if ((await redis.set(`run:${key}`, { state: 'running' }, { px: leaseMs, nx: true })) !== 'OK')
      return redis.get(`run:${key}`)
    const result = await work()
    await redis.set(`run:${key}`, result, { ex: DAY_SECONDS })
    return result
  }
}

/** What Lambda gives a handler: until when it runs. The package takes it for the end of what is in progress. */
const contextOf = (leaseMs) => ({ getRemainingTimeInMillis: () => leaseMs })

async function powertools(client, lambdaContext) {
  const { IdempotencyConfig, makeIdempotent } = await import('@aws-lambda-powertools/idempotency')
  const { CachePersistenceLayer } = await import('@aws-lambda-powertools/idempotency/cache')
  const config = new IdempotencyConfig(lambdaContext ? { lambdaContext } : {})
  const persistenceStore = new CachePersistenceLayer({ client })
  return makeIdempotent((_key, work) => work(), {
    persistenceStore,
    config,
    dataIndexArgument: 0,
    keyPrefix: 'run',
  })
}

/** `redis` exports the client of `@redis/client`. */
async function nodeRedis(url) {
  const { createClient } = await import('redis')
  const client = createClient({ url })
  // Without a listener, a lost connection ends the process.
  client.on('error', () => undefined)
  return client.connect()
}

async function glide(redisUrl) {
  const { GlideClient } = await import('@valkey/valkey-glide')
  const { hostname, port } = new URL(redisUrl)
  return GlideClient.createClient({ addresses: [{ host: hostname, port: Number(port) }] })
}

async function connectNodeIdempotency({ redisUrl }) {
  const { RedisStorageAdapter } = await import('@node-idempotency/storage-adapter-redis')
  const storage = new RedisStorageAdapter({ url: redisUrl })
  await storage.connect()
  return nodeIdempotency(storage)
}

/** With its own polling, which is off by default. It has no lease. */
async function nodeIdempotency(storage) {
  const { Idempotency } = await import(NODE_IDEMPOTENCY)
  const idempotency = new Idempotency(storage, { inProgressStrategy: { wait: true } })
  return async (key, work) => {
    const request = { method: 'POST', path: '/run', headers: { 'idempotency-key': key }, body: { key } }
    const known = await idempotency.onRequest(request)
    if (known) return known.body
    const body = await work()
    await idempotency.onResponse(request, { body })
    return body
  }
}
