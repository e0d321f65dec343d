// The three uses of the package, by real HTTP requests to a small server: a form submitted twice at once, a payment
// requested twice at once, a customer looked up. Ends with status 0 only if the right things happened.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'

import { redisManager } from 'redlatch'

import { created, start } from './server.mjs'

const server = await start()
const { port } = server.address()

async function post(path, body, headers = {}, toPort = port) {
  const response = await fetch(`http://127.0.0.1:${toPort}${path}`, {
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

/** On Redis, the second request goes to another process. */
async function requestPaymentTwiceAtOnce(isOnRedis) {
  const other = isOnRedis ? await startOther() : undefined
  try {
    const headers = { 'idempotency-key': randomUUID() }
    const request = (toPort) => post('/payments', { amount: 4200 }, headers, toPort)

    const answers = await Promise.all([request(port), request(other?.port ?? port)])
    const charges = created.payments + (other ? await other.payments() : 0)

    const who = other ? 'Two processes receive' : 'An API route receives'
    say(`${who} the same idempotency key at the same moment:`)
    for (const { status, body } of answers) {
      say(`  ${status === 201 ? 'created' : 'joined'} payment ${body.id}`)
    }
    say(`  charged ${charges} time${charges === 1 ? '' : 's'}`)
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 201])
    assert.equal(answers[0].body.id, answers[1].body.id)
    assert.equal(charges, 1)
  } finally {
    other?.stop()
  }
}

/** Starts the server once more, in a process of its own. */
async function startOther() {
  const child = fork(new URL('other.mjs', import.meta.url))
  const ask = async (question) => {
    child.send(question)
    const [answer] = await once(child, 'message')
    return answer
  }
  const otherPort = await ask('port')
  return { port: otherPort, payments: () => ask('payments'), stop: () => child.disconnect() }
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
  await requestPaymentTwiceAtOnce(mode === 'redis')
  await lookUpCustomer()
  say('Everything happened once.')
} finally {
  server.close()
  await redisManager.close()
}
