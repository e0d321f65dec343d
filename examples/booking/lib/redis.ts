export {
  CustomerCache,
  FormCache,
  IdempotencyCache,
  redisManager,
  SessionCache,
  TempDataCache,
} from 'redlatch'
