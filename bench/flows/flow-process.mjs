// The process that goes through the flows with one client. A flow says what has to come of each of its steps.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

import { answerParent } from '../answer.mjs'

let steps
/** What an earlier request has left. */
let known

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

const actions = {
  async connect({ module, variant, address }) {
    const client = await import(`./${module}.mjs`)
    client.connect(address)
    steps = client[variant]
    known = { payment: newPayment(), customer: newCustomer() }
    await steps.pay(known.payment)
    await steps.createCustomer({ customer: known.customer })
    return Object.keys(flows)
  },

  /** Goes through a flow `times` times, one after the other; milliseconds of each. */
  async run({ flow, times }) {
    const elapsed = []
    for (let number = 0; number < times; number += 1) {
      const started = performance.now()
      await flows[flow]()
      elapsed.push(performance.now() - started)
    }
    return elapsed
  },
}

answerParent(actions)
