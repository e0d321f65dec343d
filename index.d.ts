// What the package exports. The types are made from lib/ by `npm run build`. The values are named one by one, because
// tools that check packages do not follow `export *`.

export type * from './dist/index.js'
export {
  CustomerCache,
  clientAddress,
  default,
  FormCache,
  IdempotencyCache,
  IdempotencyError,
  RateLimitCache,
  RateLimiter,
  rateLimitHeaders,
  redisManager,
  SessionCache,
  TempDataCache,
  withLock,
} from './dist/index.js'
