import { describe, expect, test } from '@jest/globals'
import { type CachedCustomerData, type CachedSubscriptionData, CustomerCache, redisManager } from 'redlatch'
import { customer, subscription, uniqueKey } from '../support/samples'

describe('customers', () => {
  const bare: CachedCustomerData = {
    stripeCustomerId: 'cus_1',
    email: 'guest@example.com',
    created: 1,
    updatedAt: 2,
  }

  test.each([
    ['all fields', customer],
    ['only the required fields', bare],
    ['null where it is allowed', { ...bare, name: null, defaultPaymentMethod: null }],
    ['no subscriptions', { ...bare, subscriptions: [] }],
    ['fields of a later version', { ...bare, balance: -12.5, address: { city: 'Bonn' } }],
    ['no more than its id', { stripeCustomerId: 'cus_1' }],
    ['an e-mail address that is null', { ...bare, email: null }],
    ['dates as text', { ...bare, created: '2026-01-01T10:00:00Z', updatedAt: null }],
  ])('getCustomer returns a customer with %s', async (_, data) => {
    const id = uniqueKey()

    const result = await CustomerCache.setCustomer(id, data as CachedCustomerData)

    expect(result).toBeUndefined()
    expect(await CustomerCache.getCustomer(id)).toStrictEqual(data)
  })

  test('a field that is undefined is left out', async () => {
    const id = uniqueKey()

    await CustomerCache.setCustomer(id, { ...bare, userId: undefined, created: undefined })

    const { created, ...rest } = bare
    expect(await CustomerCache.getCustomer(id)).toStrictEqual(rest)
  })

  test('getCustomer of an unknown id is null', async () => {
    expect(await CustomerCache.getCustomer(uniqueKey())).toBeNull()
  })
})

describe('mappings', () => {
  test('getCustomerByUserId returns the customer id of a user', async () => {
    const user = uniqueKey()

    const result = await CustomerCache.setUserMapping(user, 'cus_1')

    expect(result).toBeUndefined()
    expect(await CustomerCache.getCustomerByUserId(user)).toBe('cus_1')
  })

  test('getCustomerByEmail returns the customer id of an e-mail address', async () => {
    const email = `${uniqueKey()}@example.com`

    const result = await CustomerCache.setEmailMapping(email, 'cus_1')

    expect(result).toBeUndefined()
    expect(await CustomerCache.getCustomerByEmail(email)).toBe('cus_1')
  })

  test('an e-mail address is used as it is given', async () => {
    const email = `${uniqueKey()}@example.com`
    await CustomerCache.setEmailMapping(email, 'cus_1')

    expect(await CustomerCache.getCustomerByEmail(email.toUpperCase())).toBeNull()
    expect(await CustomerCache.getCustomerByEmail(` ${email}`)).toBeNull()
  })

  test.each(['007', '12345678901234567890', 'true', '{"a":1}', ' cus_1 '])(
    'the customer id %j is kept as it is',
    async (id) => {
      const user = uniqueKey()

      await CustomerCache.setUserMapping(user, id)
      await CustomerCache.setEmailMapping(user, id)

      expect(await CustomerCache.getCustomerByUserId(user)).toBe(id)
      expect(await CustomerCache.getCustomerByEmail(user)).toBe(id)
    },
  )

  test('an unknown user id or e-mail address is null', async () => {
    expect(await CustomerCache.getCustomerByUserId(uniqueKey())).toBeNull()
    expect(await CustomerCache.getCustomerByEmail(uniqueKey())).toBeNull()
  })

  test('user ids and e-mail addresses do not share their mappings', async () => {
    const name = uniqueKey()
    await CustomerCache.setUserMapping(name, 'cus_1')

    expect(await CustomerCache.getCustomerByEmail(name)).toBeNull()
  })
})

describe('subscriptions', () => {
  test('getSubscription returns what setSubscription was given', async () => {
    const id = uniqueKey()

    const result = await CustomerCache.setSubscription(id, subscription)

    expect(result).toBeUndefined()
    expect(await CustomerCache.getSubscription(id)).toStrictEqual(subscription)
  })

  test.each([
    ['no more than its id', { id: 'sub_1' }],
    [
      'the period on its items, as newer versions of Stripe have it',
      { id: 'sub_1', items: { data: [{ current_period_end: 1 }] } },
    ],
    [
      'fields of other types',
      { ...subscription, currentPeriodEnd: null, cancelAtPeriodEnd: 'no', priceId: ['price_1'] },
    ],
  ])('getSubscription returns a subscription with %s', async (_, data) => {
    const id = uniqueKey()

    await CustomerCache.setSubscription(id, data as CachedSubscriptionData)

    expect(await CustomerCache.getSubscription(id)).toStrictEqual(data)
  })

  test('a subscription whose period end is undefined keeps its other fields', async () => {
    const id = uniqueKey()
    const { currentPeriodEnd, ...rest } = subscription

    await CustomerCache.setSubscription(id, { ...rest, currentPeriodEnd: undefined })

    expect(await CustomerCache.getSubscription(id)).toStrictEqual(rest)
  })

  test('getSubscription of an unknown id is null', async () => {
    expect(await CustomerCache.getSubscription(uniqueKey())).toBeNull()
  })
})

describe('deleteCustomer', () => {
  async function cached() {
    const [id, email, user] = [uniqueKey(), `${uniqueKey()}@example.com`, uniqueKey()]
    await CustomerCache.setCustomer(id, customer)
    await CustomerCache.setEmailMapping(email, id)
    await CustomerCache.setUserMapping(user, id)
    await CustomerCache.setSubscription(id, subscription)
    const left = () => redisManager.mget([`customer:${id}`, `email:${email}`, `user:${user}`])
    return { id, email, user, left, text: JSON.stringify(customer) }
  }

  test('the customer is forgotten with both mappings', async () => {
    const { id, email, user, left } = await cached()

    expect(await CustomerCache.deleteCustomer(id, email, user)).toBeUndefined()
    expect(await left()).toStrictEqual([null, null, null])
  })

  test('mappings that are not named stay', async () => {
    const { id, user, left } = await cached()

    await CustomerCache.deleteCustomer(id, undefined, user)

    expect(await left()).toStrictEqual([null, id, null])
  })

  test('without mappings only the customer is forgotten', async () => {
    const { id, user, left } = await cached()

    await CustomerCache.deleteCustomer(id)

    expect(await left()).toStrictEqual([null, id, id])
    expect(await CustomerCache.getCustomerByUserId(user)).toBe(id)
  })

  test.each([[''], [undefined], [null]])('%j as e-mail address or user id is skipped', async (none) => {
    const { id, email, user, left } = await cached()

    await CustomerCache.deleteCustomer(id, none, user)
    const withoutEmail = await left()
    await CustomerCache.deleteCustomer(id, email, none)

    expect(withoutEmail).toStrictEqual([null, id, null])
    expect(await left()).toStrictEqual([null, null, null])
  })

  test('subscriptions stay', async () => {
    const { id, email, user } = await cached()

    await CustomerCache.deleteCustomer(id, email, user)

    expect(await CustomerCache.getSubscription(id)).toStrictEqual(subscription)
  })

  test('an unknown customer can be deleted', async () => {
    expect(await CustomerCache.deleteCustomer(uniqueKey(), uniqueKey(), uniqueKey())).toBeUndefined()
  })
})
