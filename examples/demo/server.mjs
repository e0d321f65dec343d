// A booking server in miniature: one route for each of the three caches. What a real one does at Stripe is counted in
// `created`, so that a duplicate would show.

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

import { CustomerCache, FormCache, IdempotencyCache } from 'redlatch'

export const created = { bookings: 0, payments: 0, customers: 0 }

const routes = {
  /** Books an event. A second submission of the same form is turned away. */
  'POST /bookings': async ({ body }) => {
    const { eventId, guestEmail, startTime } = body
    const key = FormCache.generateKey(eventId, guestEmail, startTime)
    const isFirst = await FormCache.tryAcquireProcessing(key, { ...body, timestamp: Date.now() })
    if (!isFirst) return [409, { error: 'This form has been submitted already.' }]
    try {
      created.bookings += 1
      await FormCache.markCompleted(key)
      return [201, { booking: randomUUID() }]
    } catch (error) {
      await FormCache.markFailed(key)
      throw error
    }
  },

  /** Creates a payment once for each idempotency key. A repeat, even at the same moment, gets the same payment. */
  'POST /payments': async ({ headers, body }) => {
    let isFirst = false
    const pay = async () => {
      isFirst = true
      created.payments += 1
      await pause(200) // a payment provider takes its time
      return { id: randomUUID(), amount: body.amount }
    }
    const payment = await IdempotencyCache.run(headers['idempotency-key'], pay, { fingerprint: body })
    return [isFirst ? 201 : 200, payment]
  },

  /** Finds the customer of a user id or an e-mail address, and creates one for both if there is none. */
  'POST /customers': async ({ body: { userId, email } }) => {
    const known =
      (userId && (await CustomerCache.getCustomerByUserId(userId))) ||
      (email && (await CustomerCache.getCustomerByEmail(email)))
    const found = known && (await CustomerCache.getCustomer(known))
    if (found) return [200, found]
    created.customers += 1
    const customer = {
      stripeCustomerId: `cus_${randomUUID()}`,
      email,
      userId,
      created: Date.now(),
      updatedAt: Date.now(),
    }
    await Promise.all([
      CustomerCache.setCustomer(customer.stripeCustomerId, customer),
      CustomerCache.setUserMapping(userId, customer.stripeCustomerId),
      CustomerCache.setEmailMapping(email, customer.stripeCustomerId),
    ])
    return [201, customer]
  },
}

async function respond(request, response) {
  const route = routes[`${request.method} ${request.url}`]
  let [status, answer] = [404, { error: 'There is no such route.' }]
  try {
    const chunks = await request.toArray()
    const body = JSON.parse(Buffer.concat(chunks).toString())
    if (route) [status, answer] = await route({ headers: request.headers, body })
  } catch (error) {
    ;[status, answer] = [500, { error: error.message }]
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}

/** Starts the server on a free port of this machine. */
export function start() {
  const server = createServer(respond)
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
