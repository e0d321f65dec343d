// The rate limiters that are compared. Each connects and makes limiters: `(id) => Promise<boolean>`, whether the request is
// admitted.

import { Redis } from 'ioredis'

import { connectPackage, PACKAGE } from './clients.mjs'

export const RATELIMIT = '@upstash/ratelimit'
export const FLEXIBLE = 'rate-limiter-flexible'
/** Packages whose versions belong to the results. */
export const RATE_LIMIT_PACKAGES = [RATELIMIT, FLEXIBLE]

/** The algorithms that redlatch and its peer have. */
export const SHARED = ['fixedWindow', 'slidingWindow', 'tokenBucket']
export const IN_A_ROW = `${RATELIMIT}, one after the other`
export const AT_ONCE = `${RATELIMIT} with Promise.all`

const WINDOW_SECONDS = 3600
const WINDOW = `${WINDOW_SECONDS} s`

/** The arguments of an algorithm that admits so many in the window. */
const argumentsOf = (algorithm, tokens) =>
  algorithm === 'tokenBucket' ? [tokens, WINDOW, tokens] : [tokens, WINDOW]

/**
 * `connect` resolves to `limiter(algorithm, tokens, remembers)`, where `remembers` is whether ids that are certain to be denied
 * are denied without a request, and `together(tokens)`, four limits, by the names of the ways in which they can be asked.
 */
export const limiters = {
  [PACKAGE]: { algorithms: [...SHARED, 'gcra'], connect: connectRedlatch },
  [RATELIMIT]: { algorithms: SHARED, connect: connectRatelimit },
  [FLEXIBLE]: { algorithms: ['fixedWindow'], connect: connectFlexible },
}

const four = (make) => ['address', 'email', 'event', 'user'].map(make)

async function connectRedlatch(address) {
  const { RateLimiter } = await connectPackage(address)
  const make = (algorithm, tokens, ephemeralCache, prefix = algorithm) => {
    const limiter = RateLimiter[algorithm](...argumentsOf(algorithm, tokens))
    return new RateLimiter({ limiter, prefix: `redlatch:${prefix}:${tokens}`, ephemeralCache })
  }
  return {
    limiter(algorithm, tokens, remembers) {
      const limiter = make(algorithm, tokens, remembers)
      return async (id) => (await limiter.limit(id)).success
    },
    together(tokens) {
      const all = four((name) => make('slidingWindow', tokens, true, name))
      return {
        [PACKAGE]: async (id) =>
          (await RateLimiter.limitAll(all.map((limiter) => ({ limiter, id })))).success,
      }
    },
  }
}

async function connectRatelimit({ url, token }) {
  const [{ Ratelimit }, client] = await Promise.all([import(RATELIMIT), import('@upstash/redis')])
  const redis = new client.Redis({ url, token })
  await redis.ping()
  const make = (algorithm, tokens, remembers, prefix = algorithm) => {
    const limiter = Ratelimit[algorithm](...argumentsOf(algorithm, tokens))
    const ephemeralCache = remembers ? new Map() : false
    return new Ratelimit({ redis, limiter, prefix: `peer:${prefix}:${tokens}`, ephemeralCache })
  }
  return {
    limiter(algorithm, tokens, remembers) {
      const limiter = make(algorithm, tokens, remembers)
      return async (id) => (await limiter.limit(id)).success
    },
    together(tokens) {
      const all = four((name) => make('slidingWindow', tokens, true, name))
      return {
        async [IN_A_ROW](id) {
          for (const limiter of all) if (!(await limiter.limit(id)).success) return false
          return true
        },
        async [AT_ONCE](id) {
          const results = await Promise.all(all.map((limiter) => limiter.limit(id)))
          return results.every(({ success }) => success)
        },
      }
    },
  }
}

async function connectFlexible({ redisUrl }) {
  const { RateLimiterRedis } = await import(FLEXIBLE)
  const storeClient = new Redis(redisUrl)
  await storeClient.ping()
  return {
    limiter(algorithm, tokens, remembers) {
      const limiter = new RateLimiterRedis({
        storeClient,
        keyPrefix: `flexible:${algorithm}:${tokens}`,
        points: tokens,
        duration: WINDOW_SECONDS,
        ...(remembers && { inMemoryBlockOnConsumed: tokens }),
      })
      // It rejects with the result of a request that it denies.
      return (id) =>
        limiter.consume(id).then(
          () => true,
          (denied) => {
            if (denied instanceof Error) throw denied
            return false
          },
        )
    },
    together: () => ({}),
  }
}
