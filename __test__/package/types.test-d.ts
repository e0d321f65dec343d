// Checked by tsc alone: each line compiles, and each line below `@ts-expect-error` does not.

import redis, {
  type BookingFields,
  type CachedCustomerData,
  type CachedSubscriptionData,
  type CacheStats,
  CustomerCache,
  FormCache,
  type FormClaim,
  type FormState,
  type FormSubmissionData,
  type HealthCheck,
  IdempotencyCache,
  type OutageCode,
  type RedisHealthCheck,
  type RedisManager,
  type RedlatchError,
  type RedlatchErrorCode,
  type RedlatchOptions,
  redisManager,
} from 'redlatch'
import { claim, customer, submission, subscription } from '../support/samples'

/** Holds when `A` and `B` are the same type, not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

const manager: RedisManager = redisManager
same<typeof redis, typeof redisManager>()

export function parserTypes(): void {
  const parse = (value: unknown): { orderId: string } => value as { orderId: string }
  same<ReturnType<typeof parsed>, Promise<{ orderId: string } | null>>()
  function parsed() {
    return IdempotencyCache.get('key', parse)
  }
  void IdempotencyCache.get('key', { parse }).then((order) => order?.orderId)
  // @ts-expect-error a parser takes any value
  void IdempotencyCache.get('key', (value: string) => value)
}

export function errorTypes(error: RedlatchError): void {
  same<typeof error.code, RedlatchErrorCode>()
  same<RedisHealthCheck['code'], OutageCode | undefined>()
}

export function redisManagerTypes(): void {
  same<ReturnType<typeof manager.set>, Promise<void>>()
  same<ReturnType<typeof manager.get>, Promise<string | null>>()
  same<ReturnType<typeof manager.del>, Promise<void>>()
  same<ReturnType<typeof manager.exists>, Promise<boolean>>()
  same<ReturnType<typeof manager.setNx>, Promise<boolean>>()
  same<ReturnType<typeof manager.incr>, Promise<number>>()
  same<ReturnType<typeof manager.expire>, Promise<boolean>>()
  same<ReturnType<typeof manager.mget>, Promise<(string | null)[]>>()
  same<ReturnType<typeof manager.setWithTimestamp>, Promise<void>>()
  same<ReturnType<typeof manager.healthCheck>, Promise<RedisHealthCheck>>()
  same<ReturnType<typeof manager.getCacheStats>, CacheStats>()
  same<ReturnType<typeof manager.configure>, void>()
  same<ReturnType<typeof manager.close>, Promise<void>>()
  same<Parameters<typeof manager.set>, [key: string, value: string, expirationSeconds?: number | undefined]>()
  same<Parameters<typeof manager.setNx>, [key: string, value: string, expirationSeconds: number]>()
  same<Parameters<typeof manager.incr>, [key: string, increment?: number | undefined]>()
  same<Parameters<typeof manager.configure>, [options?: RedlatchOptions | undefined]>()
  same<RedisHealthCheck['status'], 'healthy' | 'unhealthy'>()
  same<RedisHealthCheck['mode'], 'redis' | 'in-memory'>()
  same<RedisHealthCheck['responseTime'], number>()
  same<
    CacheStats,
    { isRedisAvailable: boolean; inMemoryCacheSize: number; cacheType: 'Redis' | 'In-Memory' }
  >()

  // @ts-expect-error a value is a string
  void manager.set('key', {})
  // @ts-expect-error a value is needed
  void manager.set('key')
  // @ts-expect-error a TTL is needed
  void manager.setNx('key', 'value')
  // @ts-expect-error a TTL is a number
  void manager.expire('key', '60')
  // @ts-expect-error keys are an array
  void manager.mget('key')
  // @ts-expect-error there is no such option
  manager.configure({ uri: 'https://example.com' })
  // @ts-expect-error there is no such method
  void manager.flushall()
}

export function idempotencyTypes(): void {
  same<Awaited<ReturnType<typeof IdempotencyCache.get<{ url: string }>>>, { url: string } | null>()
  same<ReturnType<typeof IdempotencyCache.exists>, Promise<boolean>>()
  same<ReturnType<typeof IdempotencyCache.delete>, Promise<void>>()
  same<ReturnType<typeof IdempotencyCache.healthCheck>, Promise<HealthCheck>>()

  void IdempotencyCache.get('key').then((result) => same<typeof result, { url: string } | null>())
  void IdempotencyCache.get<{ id: number }>('key').then((result) =>
    same<typeof result, { id: number } | null>(),
  )
  void IdempotencyCache.set('key', { url: '/' })
  void IdempotencyCache.set('key', { id: 1 }, 60)
  void IdempotencyCache.set<{ id: number }>('key', { id: 1 })

  // @ts-expect-error a result is an object
  void IdempotencyCache.set('key', 'text')
  // @ts-expect-error a result is of the type that is named
  void IdempotencyCache.set<{ id: number }>('key', { url: '/' })
  // @ts-expect-error a result is an object
  void IdempotencyCache.get<string>('key')
  // @ts-expect-error the class has no instances
  new IdempotencyCache()
}

export function formTypes(): void {
  same<ReturnType<typeof FormCache.set>, Promise<void>>()
  void FormCache.get('key').then((form) => same<typeof form, FormSubmissionData | null>())
  same<FormSubmissionData, BookingFields & FormState>()
  same<
    Parameters<typeof FormCache.set>,
    [key: string, formData: FormSubmissionData, ttlSeconds?: number | undefined]
  >()
  same<ReturnType<typeof FormCache.isProcessing>, Promise<boolean>>()
  same<ReturnType<typeof FormCache.tryAcquireProcessing>, Promise<boolean>>()
  same<ReturnType<typeof FormCache.markCompleted>, Promise<void>>()
  same<ReturnType<typeof FormCache.markFailed>, Promise<void>>()
  same<ReturnType<typeof FormCache.delete>, Promise<void>>()
  same<ReturnType<typeof FormCache.generateKey>, string>()
  same<ReturnType<typeof FormCache.key>, string>()
  FormCache.key('contact', 'guest@example.com')
  same<ReturnType<typeof FormCache.healthCheck>, Promise<HealthCheck>>()
  same<FormSubmissionData['status'], 'processing' | 'completed' | 'failed'>()
  same<keyof FormSubmissionData, 'eventId' | 'guestEmail' | 'startTime' | 'status' | 'timestamp'>()

  void FormCache.tryAcquireProcessing('key', claim, 60)
  void FormCache.set('key', submission)

  interface ContactForm {
    email: string
    message?: string
  }
  const contact: FormClaim<ContactForm> = { email: 'guest@example.com', timestamp: 1 }
  void FormCache.tryAcquireProcessing<ContactForm>('key', contact)
  void FormCache.set<ContactForm>('key', { ...contact, status: 'failed' })
  void FormCache.set<Record<string, unknown>>('key', { any: [1], status: 'failed', timestamp: 1 })
  void FormCache.get<ContactForm>('key').then((form) => {
    same<typeof form, FormSubmissionData<ContactForm> | null>()
    const message: string | undefined = form?.message
    const status: 'processing' | 'completed' | 'failed' | undefined = form?.status
    return [message, status]
  })

  // @ts-expect-error without a type, the fields of a booking are needed
  void FormCache.set('key', { email: 'guest@example.com', status: 'failed', timestamp: 1 })
  // @ts-expect-error without a type, the fields of a booking are needed
  void FormCache.tryAcquireProcessing('key', { email: 'guest@example.com', timestamp: 1 })
  // @ts-expect-error the fields of the form are needed
  void FormCache.tryAcquireProcessing<ContactForm>('key', { timestamp: 1 })
  // @ts-expect-error the timestamp is needed
  void FormCache.set<ContactForm>('key', { email: 'guest@example.com', status: 'failed' })
  // @ts-expect-error a part is a string
  FormCache.key('contact', 7)
  // @ts-expect-error a key has a part
  FormCache.key()
  // @ts-expect-error the status is needed
  void FormCache.set('key', claim)
  // @ts-expect-error there is no such status
  void FormCache.set('key', { ...submission, status: 'done' })
  // @ts-expect-error the status is not the caller's to give
  void FormCache.tryAcquireProcessing('key', { ...claim, status: 'failed' })
  // @ts-expect-error all three parts are needed
  FormCache.generateKey('event', 'guest@example.com')
}

export function customerTypes(): void {
  same<ReturnType<typeof CustomerCache.getCustomer>, Promise<CachedCustomerData | null>>()
  same<ReturnType<typeof CustomerCache.getCustomerByUserId>, Promise<string | null>>()
  same<ReturnType<typeof CustomerCache.getCustomerByEmail>, Promise<string | null>>()
  same<ReturnType<typeof CustomerCache.getSubscription>, Promise<CachedSubscriptionData | null>>()
  same<ReturnType<typeof CustomerCache.setCustomer>, Promise<void>>()
  same<ReturnType<typeof CustomerCache.setUserMapping>, Promise<void>>()
  same<ReturnType<typeof CustomerCache.setEmailMapping>, Promise<void>>()
  same<ReturnType<typeof CustomerCache.setSubscription>, Promise<void>>()
  same<ReturnType<typeof CustomerCache.deleteCustomer>, Promise<void>>()
  same<
    Parameters<typeof CustomerCache.deleteCustomer>,
    [customerId: string, email?: string | null | undefined, userId?: string | null | undefined]
  >()
  same<CachedCustomerData['name'], string | null | undefined>()
  same<CachedCustomerData['subscriptions'], string[] | undefined>()
  same<CachedSubscriptionData['cancelAtPeriodEnd'], boolean>()
  same<CachedSubscriptionData['currentPeriodEnd'], number>()

  void CustomerCache.setCustomer('cus_1', customer)
  void CustomerCache.setCustomer('cus_1', { stripeCustomerId: 'cus_1', email: undefined })
  void CustomerCache.setSubscription('sub_1', subscription, 60)
  void CustomerCache.setSubscription('sub_1', { ...subscription, currentPeriodEnd: undefined })
  void CustomerCache.setSubscription('sub_1', { id: 'sub_1' })

  // @ts-expect-error the customer id is needed
  void CustomerCache.setCustomer('cus_1', { email: 'guest@example.com', created: 1, updatedAt: 1 })
  // @ts-expect-error the id of a subscription is needed
  void CustomerCache.setSubscription('sub_1', { customerId: 'cus_1' })
  // @ts-expect-error a name is a string or null
  void CustomerCache.setCustomer('cus_1', { ...customer, name: 7 })
  // @ts-expect-error a period end is a number
  void CustomerCache.setSubscription('sub_1', { ...subscription, currentPeriodEnd: new Date() })
}
