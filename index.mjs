import redlatch from './index.js'

export const { redisManager, IdempotencyCache, FormCache, CustomerCache } = redlatch
export default redisManager
