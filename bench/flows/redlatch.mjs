// The three usage examples with this package. What does not wait for an earlier result is called in the same turn.

import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'

export function connect({ url, token }) {
  redisManager.configure({ url, token })
}

async function submitForm({ key, form }) {
  if (!(await FormCache.tryAcquireProcessing(key, form))) return 'duplicate'
  await FormCache.markCompleted(key)
  return 'created'
}

async function pay({ key, createPayment }) {
  const remembered = await IdempotencyCache.get(key)
  if (remembered) return 'replayed'
  await IdempotencyCache.set(key, createPayment())
  return 'created'
}

async function findCustomer({ userId }) {
  const id = await CustomerCache.getCustomerByUserId(userId)
  return id && (await CustomerCache.getCustomer(id)) ? 'found' : 'absent'
}

async function createCustomer({ customer }) {
  const { stripeCustomerId: id, userId, email } = customer
  await Promise.all([
    CustomerCache.setCustomer(id, customer),
    CustomerCache.setUserMapping(userId, id),
    CustomerCache.setEmailMapping(email, id),
  ])
  return 'created'
}

export const steps = { submitForm, pay, findCustomer, createCustomer }
