// The clients that are compared, by their name in the tables, the calls made with them, and the values stored.

import { loadPackage } from '../package.mjs'

export const PACKAGE = 'redlatch'
/** Another build of this package. */
export const OTHER_BUILD = 'redlatch (other)'
/** The client that ratios refer to. */
export const PEER = '@upstash/redis'
export const TCP_CLIENTS = ['ioredis', 'redis', '@valkey/valkey-glide']
export const HTTP_CLIENTS = [PACKAGE, PEER]

export const KEYS = 1000
const HOUR_SECONDS = 3600
const TTL_SECONDS = 600
const DAY_SECONDS = 86_400
const MINUTE_SECONDS = 60

const connectors = {
  [PACKAGE]: connectRedlatch,
  [OTHER_BUILD]: connectRedlatch,

  /** With its defaults it pipelines the calls of one turn and parses values that are JSON. */
  async [PEER]({ url, token }) {
    const { Redis } = await import('@upstash/redis')
    const redis = new Redis({ url, token })
    await redis.ping()
    const get = (key) => redis.get(key)
    const set = (key, value, seconds) => redis.set(key, value, { ex: seconds })
    const claim = async (key, value, seconds) =>
      (await redis.set(key, value, { ex: seconds, nx: true })) === 'OK'
    return { get, set, caches: cachesByHand({ get, set, claim, parse: (value) => value }) }
  },

  async ioredis({ redisUrl }) {
    const { Redis } = await import('ioredis')
    const redis = new Redis(redisUrl)
    await redis.ping()
    const get = (key) => redis.get(key)
    const set = (key, value, seconds) => redis.set(key, value, 'EX', seconds)
    const claim = async (key, value, seconds) => (await redis.set(key, value, 'EX', seconds, 'NX')) === 'OK'
    return { get, set, caches: cachesByHand({ get, set, claim }) }
  },

  async redis({ redisUrl }) {
    const { createClient } = await import('redis')
    const redis = await createClient({ url: redisUrl }).connect()
    const expiration = (seconds) => ({ type: 'EX', value: seconds })
    const get = (key) => redis.get(key)
    const set = (key, value, seconds) => redis.set(key, value, { expiration: expiration(seconds) })
    const claim = async (key, value, seconds) =>
      (await redis.set(key, value, { expiration: expiration(seconds), condition: 'NX' })) === 'OK'
    return { get, set, caches: cachesByHand({ get, set, claim }) }
  },

  async '@valkey/valkey-glide'({ redisUrl }) {
    const { GlideClient, TimeUnit } = await import('@valkey/valkey-glide')
    const { hostname, port } = new URL(redisUrl)
    const client = await GlideClient.createClient({ addresses: [{ host: hostname, port: Number(port) }] })
    const expiry = (seconds) => ({ type: TimeUnit.Seconds, count: seconds })
    const get = (key) => client.get(key)
    const set = (key, value, seconds) => client.set(key, value, { expiry: expiry(seconds) })
    const claim = async (key, value, seconds) => {
      const options = { expiry: expiry(seconds), conditionalSet: 'onlyIfDoesNotExist' }
      return (await client.set(key, value, options)) === 'OK'
    }
    return { get, set, caches: cachesByHand({ get, set, claim }) }
  },
}

/** Connects a client. `folder` is the checkout of redlatch. */
export function connect(name, address, folder) {
  return connectors[name](address, folder)
}

/** This package, or its build in `folder`, once it has reached Redis. */
export async function connectPackage({ url, token }, folder) {
  const loaded = loadPackage(folder)
  loaded.redisManager.configure({ url, token })
  const { status, mode } = await loaded.redisManager.healthCheck()
  if (status !== 'healthy' || mode !== 'redis') throw new Error('redlatch does not reach Redis')
  return loaded
}

/** Fails the measurement if the client has switched to memory. */
export function expectRedis(redisManager) {
  if (!redisManager.getCacheStats().isRedisAvailable) throw new Error('redlatch switched to memory')
}

async function connectRedlatch(address, folder) {
  const { CustomerCache, FormCache, IdempotencyCache, redisManager } = await connectPackage(address, folder)
  return {
    get: (key) => redisManager.get(key),
    set: (key, value, seconds) => redisManager.set(key, value, seconds),
    caches: {
      result: (key) => IdempotencyCache.get(key),
      rememberResult: (key, result) => IdempotencyCache.set(key, result),
      claimForm: (key, form) => FormCache.tryAcquireProcessing(key, form),
      isFormProcessing: (key) => FormCache.isProcessing(key),
      form: (key) => FormCache.get(key),
      customerOfUser: (userId) => CustomerCache.getCustomerByUserId(userId),
      customer: (id) => CustomerCache.getCustomer(id),
      mapUser: (userId, id) => CustomerCache.setUserMapping(userId, id),
      rememberForm: (key, form) => FormCache.set(key, form),
      rememberCustomer: (id, customer) => CustomerCache.setCustomer(id, customer),
    },
    check: () => expectRedis(redisManager),
  }
}

/** The calls of the caches as the commands that redlatch sends for them, with JSON by hand. */
function cachesByHand({ get, set, claim, parse = JSON.parse }) {
  const read = async (key) => {
    const found = await get(key)
    return found === null ? null : parse(found)
  }
  return {
    result: (key) => read(`idempotency:${key}`),
    rememberResult: (key, result) => set(`idempotency:${key}`, JSON.stringify(result), 10 * MINUTE_SECONDS),
    claimForm: (key, form) =>
      claim(`form:${key}`, JSON.stringify({ ...form, status: 'processing' }), 5 * MINUTE_SECONDS),
    isFormProcessing: async (key) => (await read(`form:${key}`))?.status === 'processing',
    form: (key) => read(`form:${key}`),
    customerOfUser: (userId) => get(`user:${userId}`),
    customer: (id) => read(`customer:${id}`),
    mapUser: (userId, id) => set(`user:${userId}`, id, DAY_SECONDS),
  }
}

/** Calls by their name in the tables. Each makes a function that makes one call, given a running number. */
export const calls = {
  GET: (client, bytes) => (number) => client.get(keyOf(bytes, number)),

  'SET with TTL': (client, bytes) => {
    const value = text(bytes)
    return (number) => client.set(`set-${keyOf(bytes, number)}`, value, TTL_SECONDS)
  },

  /** The calls of a server with all three caches, in turn. Half of the claims find a form. */
  'mix of the caches': ({ caches }, bytes) => {
    const values = { result: result(bytes), form: form(bytes), customer: customer(bytes) }
    const turns = [
      (key) => caches.result(key),
      (key) => caches.rememberResult(key, values.result),
      (key) => caches.customerOfUser(key),
      (key) => caches.customer(key),
      (key, number) =>
        caches.claimForm(number % 16 < 8 ? key : `claim-${number}-${process.pid}`, values.form),
      (key) => caches.isFormProcessing(key),
      (key) => caches.form(key),
      (key) => caches.mapUser(key, 'cus_1'),
    ]
    return (number) => turns[number % turns.length](keyOf(bytes, number), number)
  },
}

/** Stores, through redlatch, everything that the measured calls read. It lives longer than a run. */
export async function prefill({ set, caches }, bytes) {
  for (let number = 0; number < KEYS; number += 1) {
    const key = keyOf(bytes, number)
    await Promise.all([
      set(key, text(bytes), HOUR_SECONDS),
      caches.rememberResult(key, result(bytes)),
      caches.rememberForm(key, { ...form(bytes), status: 'processing' }),
      caches.rememberCustomer(key, customer(bytes)),
      caches.mapUser(key, `cus_${number}`),
    ])
  }
}

export const keyOf = (bytes, number) => `bench-${bytes}-${number % KEYS}`

/** A JSON text with one long string: cheap to parse for a client that parses all values. */
export const text = (bytes) => JSON.stringify(result(bytes))

const result = (bytes) => filledUp({}, 'url', bytes)

const form = (bytes) =>
  filledUp(
    { eventId: 'e1', guestEmail: 'a@b.com', startTime: '2030-01-01T10:00Z', timestamp: 1893492000000 },
    'notes',
    bytes,
  )

const customer = (bytes) =>
  filledUp(
    { stripeCustomerId: 'cus_1', email: 'a@b.com', created: 1893492000000, updatedAt: 1893492000000 },
    'name',
    bytes,
  )

/** Fills one field so that the object's JSON text has `bytes` bytes, unless it is longer already. */
function filledUp(object, field, bytes) {
  const missing = bytes - JSON.stringify({ ...object, [field]: '' }).length
  return { ...object, [field]: 'x'.repeat(Math.max(missing, 1)) }
}
