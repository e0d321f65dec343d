// The same with @upstash/redis, as one writes it: each step awaited before the next, and values parsed by the client.

import { Redis } from '@upstash/redis'

const DAY = 86_400

let redis

export function connect({ url, token }) {
  redis = new Redis({ url, token })
}

async function submitForm({ key, form }) {
  const claim = { ...form, status: 'processing' }
  if ((await redis.set(`form:${key}`, claim, { nx: true, ex: 300 })) !== 'OK') return 'duplicate'
  const entry = await redis.get(`form:${key}`)
  if (entry) {
    await redis.set(`form:${key}`, { ...entry, status: 'completed', timestamp: Date.now() }, { ex: 5 })
  }
  return 'created'
}

async function pay({ key, createPayment }) {
  const remembered = await redis.get(`idempotency:${key}`)
  if (remembered) return 'replayed'
  await redis.set(`idempotency:${key}`, createPayment(), { ex: 600 })
  return 'created'
}

async function findCustomer({ userId }) {
  const id = await redis.get(`user:${userId}`)
  return id && (await redis.get(`customer:${id}`)) ? 'found' : 'absent'
}

async function createCustomer({ customer }) {
  const { stripeCustomerId: id, userId, email } = customer
  await redis.set(`customer:${id}`, customer, { ex: DAY })
  await redis.set(`user:${userId}`, id, { ex: DAY })
  await redis.set(`email:${email}`, id, { ex: DAY })
  return 'created'
}

/** What someone writes who knows that the client pipelines the calls of one turn. */
async function createCustomerTogether({ customer }) {
  const { stripeCustomerId: id, userId, email } = customer
  await Promise.all([
    redis.set(`customer:${id}`, customer, { ex: DAY }),
    redis.set(`user:${userId}`, id, { ex: DAY }),
    redis.set(`email:${email}`, id, { ex: DAY }),
  ])
  return 'created'
}

export const steps = { submitForm, pay, findCustomer, createCustomer }
export const stepsTogether = { ...steps, createCustomer: createCustomerTogether }
