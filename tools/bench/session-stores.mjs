// The session stores that are compared. Each connects to `{ create(userId), get(id), destroyAll(userId) }`.

import { randomUUID } from 'node:crypto'

import { RedisStore } from 'connect-redis'
import session from 'express-session'

import { connectPackage, expectRedis, PACKAGE, PEER } from './clients.mjs'

const CONNECT = 'connect-redis'
export const EXPRESS = `${PACKAGE}/express-session`
export const ON_REDIS = `${CONNECT} on redis`
export const ON_IOREDIS = `${CONNECT} on ioredis`
export const ON_PEER = `${CONNECT} on ${PEER}`
/** Packages whose versions belong to the results. */
export const SESSION_PACKAGES = [CONNECT, 'express-session']

export const stores = {
  [PACKAGE]: connectSessionCache,
  [EXPRESS]: connectExpressSession,
  [ON_REDIS]: async ({ redisUrl }) => {
    const { createClient } = await import('redis')
    return connectRedis(await createClient({ url: redisUrl }).connect())
  },
  [ON_IOREDIS]: async ({ redisUrl }) => connectRedis(await ioredis(redisUrl)),
  [ON_PEER]: async (address) => connectRedis(await upstash(address)),
}

/** About a kilobyte of JSON: who it is, and a cart. */
export const dataOf = (userId) => ({
  userId,
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  roles: ['guest', 'owner'],
  theme: 'dark',
  locale: 'en-GB',
  csrf: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ',
  cart: Array.from({ length: 9 }, (_, number) => ({
    sku: `book-${number}`,
    title: `A book about number ${number}`,
    quantity: 1,
    price: 19.99,
    gift: false,
  })),
})

const COOKIE = { originalMaxAge: 86_400_000, httpOnly: true, secure: true, sameSite: 'lax', path: '/' }
const PREFIX = 'sess:'

export async function connectSessionCache(address) {
  const { SessionCache, redisManager } = await connectPackage(address)
  const sessions = new SessionCache()
  return {
    create: async (userId) => (await sessions.create(dataOf(userId))).id,
    get: (id) => sessions.get(id),
    destroyAll: (userId) => sessions.destroyAll(userId),
    check: () => expectRedis(redisManager),
  }
}

async function connectExpressSession(address) {
  const [{ redisManager }, { createStore }] = await Promise.all([connectPackage(address), import(EXPRESS)])
  const check = () => expectRedis(redisManager)
  return { ...storedBy((prefix) => createStore(session, { prefix })), check }
}

const connectRedis = (client) => storedBy((prefix) => new RedisStore({ client, prefix }))

/** `storeOf` makes a store of express-session. Ids begin with the user, so that the sessions of one can be found. */
function storedBy(storeOf) {
  const store = storeOf(PREFIX)
  return {
    async create(userId) {
      const id = `${userId}:${randomUUID()}`
      await store.set(id, { cookie: COOKIE, ...dataOf(userId) })
      return id
    },
    get: (id) => store.get(id),
    destroyAll: (userId) => storeOf(`${PREFIX}${userId}:`).clear(),
  }
}

/** ioredis with those methods that connect-redis calls, which are those of `redis`. */
async function ioredis(redisUrl) {
  const { Redis } = await import('ioredis')
  const redis = new Redis(redisUrl)
  await redis.ping()
  return {
    get: (key) => redis.get(key),
    set: (key, value, { expiration }) => redis.set(key, value, expiration.type, expiration.value),
    del: (keys) => redis.del(keys),
    scanIterator: ({ MATCH, COUNT }) =>
      scanned((cursor) => redis.scan(cursor, 'MATCH', MATCH, 'COUNT', COUNT)),
  }
}

/** The same of @upstash/redis, which is not to parse the JSON: connect-redis does. */
async function upstash({ url, token }) {
  const { Redis } = await import(PEER)
  const redis = new Redis({ url, token, automaticDeserialization: false })
  await redis.ping()
  return {
    get: (key) => redis.get(key),
    set: (key, value, { expiration }) => redis.set(key, value, { ex: expiration.value }),
    del: (keys) => redis.del(...keys),
    scanIterator: ({ MATCH, COUNT }) =>
      scanned((cursor) => redis.scan(cursor, { match: MATCH, count: COUNT })),
  }
}

async function* scanned(scan) {
  let cursor = '0'
  do {
    const [next, keys] = await scan(cursor)
    yield keys
    cursor = next
  } while (cursor !== '0')
}
