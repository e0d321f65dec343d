export type {
  CachedCustomerData,
  CachedSubscriptionData,
  CacheStats,
  FormSubmissionData,
  HealthCheck,
  RedisHealthCheck,
  RedisManager,
  RedlatchOptions,
} from './index.js'
export { CustomerCache, FormCache, IdempotencyCache, redisManager } from './index.js'

import { redisManager } from './index.js'

export default redisManager
