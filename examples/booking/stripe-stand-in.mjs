// Stands in for Stripe: makes customers and checkout sessions, keeps to idempotency keys as Stripe does, has a page to
// pay on, and counts. It listens on the loopback interface and forgets everything when it ends.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

import { checkoutPage } from './stripe-checkout-page.mjs'

const newId = (prefix) => `${prefix}_${randomBytes(12).toString('hex')}`

/** Starts it on a free port. A payment takes `delayMs` to prepare. */
export async function startStripeStandIn({ delayMs = 0 } = {}) {
  const state = {
    /** Objects made, and requests to make one: repeats with the same key included. */
    counts: { customers: 0, sessions: 0, customerRequests: 0, sessionRequests: 0 },
    /** How long requests for a session take, and how many of the next ones are declined. */
    control: { delayMs, declineNext: 0 },
    sessions: new Map(),
    answers: new Map(),
  }
  const server = createServer((request, response) => {
    respond(state, server, request, response).catch((error) => {
      response.writeHead(500).end(error.message)
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => new Promise((resolve) => server.close(resolve).closeAllConnections())
  return { ...state, url: address(server), stop }
}

const address = (server) => `http://127.0.0.1:${server.address().port}`

async function respond(state, server, request, response) {
  const { pathname } = new URL(request.url, address(server))
  const body = Buffer.concat(await request.toArray()).toString()
  if (request.method === 'POST' && pathname in makers) {
    const { status, answer } = await make(state, server, request, pathname, new URLSearchParams(body))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    return
  }
  const session = state.sessions.get(pathname.split('/').at(-1))
  if (session && pathname.startsWith('/v1/')) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(session))
  } else if (session && request.method === 'POST') {
    session.payment_status = 'paid'
    const location = session.success_url.replace('{CHECKOUT_SESSION_ID}', session.id)
    response.writeHead(303, { location }).end()
  } else if (session) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(checkoutPage(session))
  } else {
    response.writeHead(404).end('This stand-in only has customers and checkout sessions.')
  }
}

/** One object, or the answer that an earlier request with the same key got. */
async function make(state, server, request, pathname, parameters) {
  const maker = makers[pathname]
  state.counts[`${maker.name}Requests`] += 1
  const key = request.headers['idempotency-key']
  if (key && state.answers.has(key)) return state.answers.get(key)
  const delayMs = maker.name === 'session' ? state.control.delayMs : 0
  const made = pause(delayMs).then(() => maker.make(state, address(server), parameters))
  if (key) state.answers.set(key, made)
  const result = await made
  // Only what was made is remembered, so that a declined request can be sent again.
  if (result.status !== 200) state.answers.delete(key)
  return result
}

const makers = {
  '/v1/customers': {
    name: 'customer',
    make(state, _, parameters) {
      state.counts.customers += 1
      const answer = { id: newId('cus'), object: 'customer', email: parameters.get('email'), created: now() }
      return { status: 200, answer }
    },
  },
  '/v1/checkout/sessions': {
    name: 'session',
    make(state, url, parameters) {
      if (state.control.declineNext > 0) {
        state.control.declineNext -= 1
        const error = { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' }
        return { status: 402, answer: { error } }
      }
      state.counts.sessions += 1
      const id = newId('cs_test')
      const session = {
        id,
        object: 'checkout.session',
        url: `${url}/pay/${id}`,
        customer: parameters.get('customer'),
        success_url: parameters.get('success_url'),
        cancel_url: parameters.get('cancel_url'),
        amount_total: Number(parameters.get('line_items[0][price_data][unit_amount]')),
        payment_status: 'unpaid',
        metadata: { startTime: parameters.get('metadata[startTime]') },
        created: now(),
      }
      state.sessions.set(id, session)
      return { status: 200, answer: session }
    },
  },
}

const now = () => Math.floor(Date.now() / 1000)
