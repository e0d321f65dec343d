// What `import ... from 'redlatch'` gives. Each name is listed, because not every runtime and bundler finds the names of
// a CommonJS module by itself: Bun takes its `default` for the default import, as `__esModule` asks for.

export type * from './index.js'
export {
  CustomerCache,
  clientAddress,
  FormCache,
  IdempotencyCache,
  IdempotencyError,
  RateLimitCache,
  RateLimiter,
  rateLimitHeaders,
  redisManager,
  redisManager as default,
  SessionCache,
  TempDataCache,
  withLock,
} from './index.js'
