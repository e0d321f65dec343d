import {
  CustomerCache,
  FormCache,
  IdempotencyCache,
  RateLimitCache,
  redisManager,
  TempDataCache,
} from 'redlatch'
import { claim, customer, submission, subscription, uniqueKey } from './samples'

/** What an argument is, and so which values it refuses. */
export type Kind =
  | 'key'
  | 'optional key'
  | 'keys'
  | 'text'
  | 'any text'
  | 'id'
  | 'ttl'
  | 'optional ttl'
  | 'optional increment'
  | 'count'
  | 'moment'
  | 'result'
  | 'optional result'
  | 'optional options'
  | 'form'
  | 'claim'
  | 'customer'
  | 'subscription'

/** An asynchronous method of the package. */
export interface Method {
  name: string
  parameters: { name: string; kind: Kind }[]
  call: (...args: unknown[]) => Promise<unknown>
  /** What stands before the first argument in the store. */
  prefix: string
}

function method(target: object, owner: string, name: string, prefix: string, parameters: string): Method {
  return {
    name: `${owner}.${name}`,
    prefix,
    parameters: parameters.split(', ').map((parameter) => {
      const [name = '', kind = ''] = parameter.split(': ')
      return { name, kind: kind as Kind }
    }),
    call: (...args) =>
      (target as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]?.(
        ...args,
      ) as Promise<unknown>,
  }
}

const manager = (name: string, parameters: string) =>
  method(redisManager, 'redisManager', name, '', parameters)
const results = (name: string, parameters: string) =>
  method(IdempotencyCache, 'IdempotencyCache', name, 'idempotency:', parameters)
const forms = (name: string, parameters: string) => method(FormCache, 'FormCache', name, 'form:', parameters)
const customers = (name: string, prefix: string, parameters: string) =>
  method(CustomerCache, 'CustomerCache', name, prefix, parameters)
/** A method of TempDataCache, without its first argument. */
const temp = (name: string, parameters: string): Method => {
  const whole = method(TempDataCache, 'TempDataCache', name, 'temp:test:', parameters)
  return { ...whole, call: (...args) => whole.call('test', ...args) }
}

const attempts = (name: string, parameters: string) =>
  method(RateLimitCache, 'RateLimitCache', name, 'rate_limit:', parameters)

/** Every asynchronous method that takes arguments. */
export const methods: Method[] = [
  manager('set', 'key: key, value: text, expirationSeconds: optional ttl'),
  manager('get', 'key: key'),
  manager('del', 'key: key'),
  manager('exists', 'key: key'),
  manager('setNx', 'key: key, value: text, expirationSeconds: ttl'),
  manager('incr', 'key: key, increment: optional increment'),
  manager('expire', 'key: key, seconds: ttl'),
  manager('mget', 'keys: keys'),
  manager('setWithTimestamp', 'key: key, value: text, expiresAt: moment'),
  results('set', 'key: key, result: result, ttlSeconds: optional ttl'),
  results('get', 'key: key'),
  results('exists', 'key: key'),
  results('delete', 'key: key'),
  forms('set', 'key: key, formData: form, ttlSeconds: optional ttl'),
  forms('get', 'key: key'),
  forms('isProcessing', 'key: key'),
  forms('tryAcquireProcessing', 'key: key, formData: claim, ttlSeconds: optional ttl'),
  forms('markCompleted', 'key: key, ttlSeconds: optional ttl'),
  forms('markFailed', 'key: key, ttlSeconds: optional ttl'),
  forms('extend', 'key: key, ttlSeconds: optional ttl'),
  forms('delete', 'key: key'),
  customers('setCustomer', 'customer:', 'customerId: key, data: customer, ttlSeconds: optional ttl'),
  customers('getCustomer', 'customer:', 'customerId: key'),
  customers('setUserMapping', 'user:', 'userId: key, customerId: id, ttlSeconds: optional ttl'),
  customers('getCustomerByUserId', 'user:', 'userId: key'),
  customers('setEmailMapping', 'email:', 'email: key, customerId: id, ttlSeconds: optional ttl'),
  customers('getCustomerByEmail', 'email:', 'email: key'),
  customers(
    'setSubscription',
    'subscription:',
    'subscriptionId: key, data: subscription, ttlSeconds: optional ttl',
  ),
  customers('getSubscription', 'subscription:', 'subscriptionId: key'),
  attempts('checkRateLimit', 'key: key, maxAttempts: count, windowSeconds: optional ttl'),
  attempts('recordAttempt', 'key: key, windowSeconds: optional ttl'),
  attempts('resetRateLimit', 'key: key'),
  attempts('getRateLimitStatus', 'key: key, maxAttempts: count, windowSeconds: optional ttl'),
  customers('deleteCustomer', 'customer:', 'customerId: key, email: optional key, userId: optional key'),
  temp('put', 'id: key, data: result, ttlSeconds: optional ttl'),
  temp('peek', 'id: any text'),
  temp('take', 'id: any text'),
  temp('delete', 'id: key'),
  temp('createToken', 'data: result, ttlSeconds: optional ttl'),
  temp('createCode', 'id: key, data: optional result, options: optional options'),
  temp('verifyCode', 'id: any text, code: any text, options: optional options'),
]

/** Every method that only asks how things are. */
export const healthChecks: [name: string, check: () => Promise<{ status: string; message: string }>][] = [
  ['redisManager', () => redisManager.healthCheck()],
  ['IdempotencyCache', () => IdempotencyCache.healthCheck()],
  ['FormCache', () => FormCache.healthCheck()],
  ['CustomerCache', () => CustomerCache.healthCheck()],
]

const samples: Record<Kind, () => unknown> = {
  key: uniqueKey,
  'optional key': uniqueKey,
  keys: () => [uniqueKey(), uniqueKey()],
  text: () => 'value',
  'any text': uniqueKey,
  id: () => 'cus_1',
  ttl: () => 60,
  'optional ttl': () => 60,
  'optional increment': () => 2,
  count: () => 5,
  moment: () => Date.now() + 60_000,
  result: () => ({ url: '/done' }),
  'optional result': () => ({ url: '/done' }),
  'optional options': () => ({}),
  form: () => ({ ...submission }),
  claim: () => ({ ...claim }),
  customer: () => ({ ...customer }),
  subscription: () => ({ ...subscription }),
}

/** Arguments that `method` takes, with a key of their own. */
export function validArguments(method: Method): unknown[] {
  return method.parameters.map(({ kind }) => samples[kind]())
}
