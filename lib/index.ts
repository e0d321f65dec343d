// What `require('redlatch')` gives. index.mts lists the values once more, for `import`.

export { type AddressedRequest, type ClientAddressOptions, clientAddress } from './client-address.js'
export {
  type CachedCustomerData,
  type CachedSubscriptionData,
  CustomerCache,
} from './customer-cache.js'
export type { RedlatchError, RedlatchErrorCode } from './errors.js'
export {
  type BookingFields,
  FormCache,
  type FormClaim,
  type FormState,
  type FormSubmissionData,
} from './form-cache.js'
export type { HealthCheck, RedisHealthCheck } from './health.js'
export { IdempotencyCache } from './idempotency-cache.js'
export { IdempotencyError, type IdempotencyErrorCode } from './idempotency-error.js'
export type {
  CacheStats,
  CallCounts,
  Metrics,
  OutageCode,
  RateLimitCounts,
  RedisState,
  StateChange,
  StateListenerOptions,
} from './metrics.js'
export type { OutagePolicy, RateLimitOutagePolicy, RedlatchOptions } from './options.js'
export type { Parser } from './parser.js'
export { type AttemptStatus, RateLimitCache, type RateLimitCheck } from './rate-limit-cache.js'
export { rateLimitHeaders } from './rate-limit-headers.js'
export {
  type Duration,
  type RateLimitAlgorithm,
  RateLimiter,
  type RateLimiterOptions,
  type RateLimitResult,
  type RemainingTokens,
} from './rate-limiter.js'
export { type RedisManager, redisManager, redisManager as default } from './redis-manager.js'
export type { LockOptions, RunContext, RunOptions, RunStatus } from './run-options.js'
export { withLock } from './runs.js'
export {
  type Session,
  SessionCache,
  type SessionCacheOptions,
  type SessionInfo,
  type SessionTimes,
  type SessionUser,
} from './session-cache.js'
export {
  type CodeOptions,
  type CodeSecret,
  type CodeVerification,
  TempDataCache,
} from './temp-data-cache.js'
