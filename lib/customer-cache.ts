import { addon } from './addon.js'
import { stringify } from './arguments.js'
import { call, json, none, raw, realm } from './calls.js'
import type { HealthCheck } from './health.js'

const customers = new addon.CustomerCache(realm)

/** A Stripe customer. Of one that is read, only the id is certain: the rest is what was stored. */
export interface CachedCustomerData {
  stripeCustomerId: string
  email: string
  userId?: string | undefined
  name?: string | null | undefined
  subscriptions?: string[] | undefined
  defaultPaymentMethod?: string | null | undefined
  created: number
  updatedAt: number
}

/** A Stripe subscription. Of one that is read, only the id is certain: the rest is what was stored. */
export interface CachedSubscriptionData {
  id: string
  customerId: string
  status: string
  priceId: string
  productId: string
  currentPeriodEnd: number
  cancelAtPeriodEnd: boolean
  created: number
  updatedAt: number
}

/** `Data` as a cache takes it: with its id, and whatever else is known of it. */
type WithId<Data, Id extends keyof Data> = Pick<Data, Id> & {
  [Field in Exclude<keyof Data, Id>]?: Data[Field] | undefined
}

/**
 * Keeps Stripe customers and subscriptions, and finds customers by user id and e-mail address.
 * @see docs/customers.md
 */
export class CustomerCache {
  private constructor() {}

  /**
   * Stores a customer. Only `stripeCustomerId` must be there; all other fields are kept as they are.
   * @default ttlSeconds 86400
   * @example await CustomerCache.setCustomer(id, { stripeCustomerId: id, email, created, updatedAt: Date.now() })
   */
  static setCustomer(
    customerId: string,
    data: WithId<CachedCustomerData, 'stripeCustomerId'>,
    ttlSeconds?: number,
  ): Promise<void> {
    return call(customers, 'setCustomer', none, customerId, data, ttlSeconds, stringify)
  }

  /**
   * The customer as it was stored; `null` when it is absent, expired or corrupt. A corrupt entry, which has no
   * `stripeCustomerId`, is removed.
   * @example const customer = await CustomerCache.getCustomer('cus_1')
   */
  static getCustomer(customerId: string): Promise<CachedCustomerData | null> {
    return call(customers, 'getCustomer', json, customerId)
  }

  /**
   * Stores which customer a user is.
   * @default ttlSeconds 86400
   * @example await CustomerCache.setUserMapping(user.id, 'cus_1')
   */
  static setUserMapping(userId: string, customerId: string, ttlSeconds?: number): Promise<void> {
    return call(customers, 'setUserMapping', none, userId, customerId, ttlSeconds)
  }

  /**
   * The customer id of a user; `null` when it is not known.
   * @example const customerId = await CustomerCache.getCustomerByUserId(user.id)
   */
  static getCustomerByUserId(userId: string): Promise<string | null> {
    return call(customers, 'getCustomerByUserId', raw, userId)
  }

  /**
   * Stores which customer has an e-mail address. The address is used as it is given.
   * @default ttlSeconds 86400
   * @example await CustomerCache.setEmailMapping('guest@example.com', 'cus_1')
   */
  static setEmailMapping(email: string, customerId: string, ttlSeconds?: number): Promise<void> {
    return call(customers, 'setEmailMapping', none, email, customerId, ttlSeconds)
  }

  /**
   * The customer id of an e-mail address; `null` when it is not known.
   * @example const customerId = await CustomerCache.getCustomerByEmail('guest@example.com')
   */
  static getCustomerByEmail(email: string): Promise<string | null> {
    return call(customers, 'getCustomerByEmail', raw, email)
  }

  /**
   * Stores a subscription. Only `id` must be there; all other fields are kept as they are.
   * @default ttlSeconds 86400
   * @example await CustomerCache.setSubscription(subscription.id, subscription)
   */
  static setSubscription(
    subscriptionId: string,
    data: WithId<CachedSubscriptionData, 'id'>,
    ttlSeconds?: number,
  ): Promise<void> {
    return call(customers, 'setSubscription', none, subscriptionId, data, ttlSeconds, stringify)
  }

  /**
   * The subscription as it was stored; `null` when it is absent, expired or corrupt. A corrupt entry, which has no `id`,
   * is removed.
   * @example const subscription = await CustomerCache.getSubscription('sub_1')
   */
  static getSubscription(subscriptionId: string): Promise<CachedSubscriptionData | null> {
    return call(customers, 'getSubscription', json, subscriptionId)
  }

  /**
   * Removes a customer and the mappings that lead to it, in one request. An empty or missing `email` or `userId` is left
   * out.
   * @example await CustomerCache.deleteCustomer('cus_1', 'guest@example.com', user.id)
   */
  static deleteCustomer(customerId: string, email?: string | null, userId?: string | null): Promise<void> {
    return call(customers, 'deleteCustomer', none, customerId, email, userId)
  }

  /**
   * Whether calls are served as configured. Pings Redis, unless it is known to be unavailable. Never rejects.
   * @example const { status } = await CustomerCache.healthCheck()
   */
  static healthCheck(): Promise<HealthCheck> {
    return call(customers, 'healthCheck', json)
  }
}
