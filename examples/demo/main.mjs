// The three uses of the package, by real HTTP requests to a small server: a form submitted twice at once, a payment
// requested twice, a customer looked up. Ends with status 0 only if the right things happened.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

import { redisManager } from 'redlatch'

import { created, start } from './server.mjs'

const server = await start()
const { port } = server.address()

async function post(path, body, headers = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

function say(text) {
  process.stdout.write(`${text}\n`)
}

async function submitFormTwiceAtOnce() {
  const form = { eventId: randomUUID(), guestEmail: 'guest@example.com', startTime: '2030-01-01T10:00:00Z' }

  const answers = await Promise.all([post('/bookings', form), post('/bookings', form)])

  say('A guest submits a booking form twice at once:')
  for (const { status } of answers) say(`  ${status === 201 ? 'created' : 'blocked'} (status ${status})`)
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
  assert.equal(created.bookings, 1)
}

async function requestPaymentTwice() {
  const headers = { 'idempotency-key': randomUUID() }

  const first = await post('/payments', { amount: 4200 }, headers)
  const second = await post('/payments', { amount: 4200 }, headers)

  say('An API route receives the same idempotency key twice:')
  say(`  created payment ${first.body.id}`)
  say(`  ${second.body.replayed ? 'replayed' : 'created'} payment ${second.body.id}`)
  assert.deepEqual(second, { status: 200, body: { ...first.body, replayed: true } })
  assert.equal(created.payments, 1)
}

async function lookUpCustomer() {
  const userId = `user_${randomUUID()}`
  const email = `${randomUUID()}@example.com`

  const first = await post('/customers', { userId, email })
  const byUserId = await post('/customers', { userId })
  const byEmail = await post('/customers', { email })

  say('A Stripe customer is looked up:')
  say(`  created ${first.body.stripeCustomerId}`)
  say(`  found by user id: ${byUserId.body.stripeCustomerId}`)
  say(`  found by e-mail: ${byEmail.body.stripeCustomerId}`)
  assert.deepEqual([first.status, byUserId.status, byEmail.status], [201, 200, 200])
  assert.deepEqual([byUserId.body, byEmail.body], [first.body, first.body])
  assert.equal(created.customers, 1)
}

try {
  const { mode, message } = await redisManager.healthCheck()
  say(`Running on ${mode === 'redis' ? 'Redis' : 'memory'}: ${message}.`)
  await submitFormTwiceAtOnce()
  await requestPaymentTwice()
  await lookUpCustomer()
  say('Everything happened once.')
} finally {
  server.close()
  await redisManager.close()
}
