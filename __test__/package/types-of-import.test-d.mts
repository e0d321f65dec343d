// Checked by tsc alone: what an ES module gets. The file is named because `paths` in tsconfig.json has one target for
// `redlatch`, which is what `require` gets.

import redis, {
  type CachedCustomerData,
  type CachedSubscriptionData,
  type CacheStats,
  CustomerCache,
  FormCache,
  type FormSubmissionData,
  type HealthCheck,
  IdempotencyCache,
  type RedisHealthCheck,
  type RedisManager,
  type RedlatchOptions,
  redisManager,
} from '../../dist/index.mjs'

export const managers: RedisManager[] = [redis, redisManager]
export const value: Promise<string | null> = redis.get('key')
export const result: Promise<{ url: string } | null> = IdempotencyCache.get('key')
export const form: Promise<FormSubmissionData | null> = FormCache.get('key')
export const customer: Promise<CachedCustomerData | null> = CustomerCache.getCustomer('cus_1')
export const subscription: Promise<CachedSubscriptionData | null> = CustomerCache.getSubscription('sub_1')
export const health: Promise<HealthCheck> = FormCache.healthCheck()
export const redisHealth: Promise<RedisHealthCheck> = redis.healthCheck()
export const stats: CacheStats = redis.getCacheStats()
export const configure: (options?: RedlatchOptions) => void = redis.configure

// @ts-expect-error a key is a string
void redis.get(7)
