export { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
