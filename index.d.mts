export type {
  CachedCustomerData,
  CachedSubscriptionData,
  CacheStats,
  CallCounts,
  FormSubmissionData,
  HealthCheck,
  Metrics,
  OutagePolicy,
  RedisHealthCheck,
  RedisManager,
  RedisState,
  RedlatchOptions,
  StateChange,
} from './index.js'
export { CustomerCache, FormCache, IdempotencyCache, redisManager } from './index.js'

import { redisManager } from './index.js'

export default redisManager
