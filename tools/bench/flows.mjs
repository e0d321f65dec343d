// Whole flows, as a user of the caches makes them: requests and milliseconds, with the delay of a network.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

import { loadPackage } from '../package.mjs'
import { PACKAGE, PEER } from './clients.mjs'
import { median } from './figures.mjs'
import { progress, serveParent, startProcess } from './processes.mjs'

export const TOGETHER = `${PEER} with Promise.all`

const DAY_SECONDS = 86_400

/** For each flow, the requests and milliseconds of each way to write it. */
export async function measureFlows({ rounds, delay }, { http }) {
  const processes = {}
  let names
  for (const way of Object.keys(ways)) {
    processes[way] = startProcess(import.meta.url)
    names = await processes[way].ask('connect', { way, address: http.address })
  }
  await http.control.addFault({ fault: 'latency', ms: delay })
  const rows = []
  for (const flow of names) {
    const clients = {}
    for (const [way, { ask }] of Object.entries(processes)) {
      progress(`flow with ${delay} ms of delay: ${flow}, ${way}`)
      clients[way] = await measure(ask, flow, rounds, http.control)
    }
    rows.push({ flow, clients })
  }
  await http.control.clearFaults()
  for (const { stop } of Object.values(processes)) await stop()
  return rows
}

async function measure(ask, flow, times, control) {
  await ask('run', { flow, times: 2 })
  const before = await control.requests()
  const elapsed = await ask('run', { flow, times })
  const requests = ((await control.requests()) - before) / times
  return { requests, milliseconds: median(elapsed) }
}

/** Each way connects and returns the steps of the flows. */
const ways = {
  [PACKAGE]: stepsWithRedlatch,
  [PEER]: stepsWithPeer,
  [TOGETHER]: async (address) => {
    const steps = await stepsWithPeer(address)
    return { ...steps, createCustomer: steps.createCustomerTogether }
  },
}

/** The usage examples with this package. Calls that do not depend on an earlier result are made in one turn. */
function stepsWithRedlatch({ url, token }) {
  const { CustomerCache, FormCache, IdempotencyCache, redisManager } = loadPackage()
  redisManager.configure({ url, token })
  return {
    async submitForm({ key, form }) {
      if (!(await FormCache.tryAcquireProcessing(key, form))) return 'duplicate'
      await FormCache.markCompleted(key)
      return 'created'
    },

    async pay({ key, createPayment }) {
      const remembered = await IdempotencyCache.get(key)
      if (remembered) return 'replayed'
      await IdempotencyCache.set(key, createPayment())
      return 'created'
    },

    async findCustomer({ userId }) {
      const id = await CustomerCache.getCustomerByUserId(userId)
      return id && (await CustomerCache.getCustomer(id)) ? 'found' : 'absent'
    },

    async createCustomer({ customer }) {
      const { stripeCustomerId: id, userId, email } = customer
      await Promise.all([
        CustomerCache.setCustomer(id, customer),
        CustomerCache.setUserMapping(userId, id),
        CustomerCache.setEmailMapping(email, id),
      ])
      return 'created'
    },
  }
}

/** The same with @upstash/redis: each step is awaited, and the client parses the values. */
async function stepsWithPeer({ url, token }) {
  const { Redis } = await import('@upstash/redis')
  const redis = new Redis({ url, token })
  return {
    async submitForm({ key, form }) {
      const claim = { ...form, status: 'processing' }
      if ((await redis.set(`form:${key}`, claim, { nx: true, ex: 300 })) !== 'OK') return 'duplicate'
      const entry = await redis.get(`form:${key}`)
      if (entry) {
        await redis.set(`form:${key}`, { ...entry, status: 'completed', timestamp: Date.now() }, { ex: 5 })
      }
      return 'created'
    },

    async pay({ key, createPayment }) {
      const remembered = await redis.get(`idempotency:${key}`)
      if (remembered) return 'replayed'
      await redis.set(`idempotency:${key}`, createPayment(), { ex: 600 })
      return 'created'
    },

    async findCustomer({ userId }) {
      const id = await redis.get(`user:${userId}`)
      return id && (await redis.get(`customer:${id}`)) ? 'found' : 'absent'
    },

    async createCustomer({ customer }) {
      const { stripeCustomerId: id, userId, email } = customer
      await redis.set(`customer:${id}`, customer, { ex: DAY_SECONDS })
      await redis.set(`user:${userId}`, id, { ex: DAY_SECONDS })
      await redis.set(`email:${email}`, id, { ex: DAY_SECONDS })
      return 'created'
    },

    /** Uses that the client pipelines the calls of one turn. */
    async createCustomerTogether({ customer }) {
      const { stripeCustomerId: id, userId, email } = customer
      await Promise.all([
        redis.set(`customer:${id}`, customer, { ex: DAY_SECONDS }),
        redis.set(`user:${userId}`, id, { ex: DAY_SECONDS }),
        redis.set(`email:${email}`, id, { ex: DAY_SECONDS }),
      ])
      return 'created'
    },
  }
}

let steps
/** What an earlier request has stored. */
let known

/** Each flow checks the result of each of its steps. */
const flows = {
  'form submission': async () => {
    const task = { key: randomUUID(), form: newForm() }
    assert.equal(await steps.submitForm(task), 'created')
  },

  'form submission, then a double click': async () => {
    const task = { key: randomUUID(), form: newForm() }
    assert.equal(await steps.submitForm(task), 'created')
    assert.equal(await steps.submitForm(task), 'duplicate')
  },

  'idempotent API call': async () => {
    assert.equal(await steps.pay(newPayment()), 'created')
  },

  'idempotent API call, repeated': async () => {
    assert.equal(await steps.pay(known.payment), 'replayed')
  },

  'new customer: looked up by user id, created with all mappings': async () => {
    const customer = newCustomer()
    assert.equal(await steps.findCustomer(customer), 'absent')
    assert.equal(await steps.createCustomer({ customer }), 'created')
  },

  'known customer: looked up by user id, then its data': async () => {
    assert.equal(await steps.findCustomer(known.customer), 'found')
  },
}

function newForm() {
  return { eventId: 'e', guestEmail: 'a@example.com', startTime: '2030-01-01', timestamp: Date.now() }
}

function newPayment() {
  return { key: randomUUID(), createPayment: () => ({ id: randomUUID(), amount: 4200 }) }
}

function newCustomer() {
  const times = { created: Date.now(), updatedAt: Date.now() }
  const email = `${randomUUID()}@example.com`
  return { stripeCustomerId: `cus_${randomUUID()}`, email, userId: randomUUID(), ...times }
}

serveParent(import.meta.url, {
  async connect({ way, address }) {
    steps = await ways[way](address)
    known = { payment: newPayment(), customer: newCustomer() }
    await steps.pay(known.payment)
    await steps.createCustomer({ customer: known.customer })
    return Object.keys(flows)
  },

  /** Runs a flow `times` times, one after the other. Returns the milliseconds of each. */
  async run({ flow, times }) {
    const elapsed = []
    for (let number = 0; number < times; number += 1) {
      const started = performance.now()
      await flows[flow]()
      elapsed.push(performance.now() - started)
    }
    return elapsed
  },
})
