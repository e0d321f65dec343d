// What Edge runtimes get instead of index.ts, which needs a native addon. The keys of forms can be made there; any other
// call says what to do. There is no memory to fall back to: such runtimes keep none from one request to the next.

import browser = require('./browser.js')

import type { clientAddress as Address } from './client-address.js'
import type { CustomerCache as Customers } from './customer-cache.js'
import { makeError } from './errors.js'
import type { FormCache as Forms } from './form-cache.js'
import type { IdempotencyCache as Results } from './idempotency-cache.js'
import { IdempotencyError } from './idempotency-error.js'
import type { RateLimitCache as Attempts } from './rate-limit-cache.js'
import { rateLimitHeaders } from './rate-limit-headers.js'
import type { RateLimiter as Limiter } from './rate-limiter.js'
import type { RedisManager } from './redis-manager.js'
import type { withLock as Lock } from './runs.js'
import type { SessionCache as Sessions } from './session-cache.js'
import type { TempDataCache as Temp } from './temp-data-cache.js'

const { generateKey, key } = browser.FormCache
const synchronous = ['getCacheStats', 'getMetrics', 'onStateChange', 'configure']

function runtimeName(): string {
  if ('EdgeRuntime' in globalThis) return 'the Edge runtime'
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers' ? 'Cloudflare Workers' : 'an Edge runtime'
}

function unsupported(call: string): Error {
  const problem = `redlatch: ${call} cannot run in ${runtimeName()}, which loads no native addon.`
  const remedy =
    "In Next.js, remove `export const runtime = 'edge'` from the route or page, and rename middleware.ts to proxy.ts: " +
    'both then run on Node.js.'
  return makeError('Error', 'ERR_UNSUPPORTED_RUNTIME', `${problem} ${remedy}`)
}

/** Has the methods of `supported`. Any other method rejects. */
function standIn<T>(name: string, supported: Partial<T> = {}): T {
  return new Proxy({}, handlerOf(name, supported)) as T
}

function handlerOf<T>(name: string, supported: Partial<T>) {
  const get = (_: unknown, method: string | symbol) => {
    if (Object.hasOwn(supported, method)) return supported[method as keyof T]
    // `await`, `JSON.stringify`, printing and bundlers ask for names that no method has.
    if (typeof method === 'symbol' || method === 'then' || method === 'toJSON') return undefined
    return () => {
      const error = unsupported(`${name}.${method}`)
      if (synchronous.includes(method)) throw error
      return Promise.reject(error)
    }
  }
  return { get }
}

/** Limiters are made when a module is evaluated, so these names work. */
const algorithms: Partial<typeof Limiter> = Object.fromEntries(
  ['fixedWindow', 'slidingWindow', 'tokenBucket', 'gcra'].map((name) => [name, () => ({})]),
)

/** A class whose objects can be made. Their methods reject. */
function standInClass<T>(name: string, supported: Partial<T>): T {
  const { get } = handlerOf(name, supported)
  return new Proxy(class {}, { get, construct: () => standIn<object>(name) }) as T
}

export const IdempotencyCache = standIn<typeof Results>('IdempotencyCache')
export const FormCache = standIn<typeof Forms>('FormCache', { generateKey, key })
export const CustomerCache = standIn<typeof Customers>('CustomerCache')
export const RateLimitCache = standIn<typeof Attempts>('RateLimitCache')
export const RateLimiter = standInClass<typeof Limiter>('RateLimiter', algorithms)
export const clientAddress: typeof Address = () => {
  throw unsupported('clientAddress')
}
export { rateLimitHeaders }
export const TempDataCache = standIn<typeof Temp>('TempDataCache')
export const redisManager = standIn<RedisManager>('redisManager')
/** A cache of sessions that can be made, and used on a server only. */
export const SessionCache = function SessionCache() {
  return standIn<Sessions>('SessionCache')
} as unknown as typeof Sessions
export const withLock: typeof Lock = () => Promise.reject(unsupported('withLock'))
export { IdempotencyError }
export default redisManager
