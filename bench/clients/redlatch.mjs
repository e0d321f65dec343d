// This package, through its public calls.

import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'

export async function connect({ url, token }) {
  redisManager.configure({ url, token })
  const { status, mode } = await redisManager.healthCheck()
  if (status !== 'healthy' || mode !== 'redis') throw new Error('redlatch does not reach Redis')
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
    /** A client that has quietly gone over to memory must not be measured. */
    check: () => {
      if (!redisManager.getCacheStats().isRedisAvailable) throw new Error('redlatch went over to memory')
    },
  }
}
