// The calls that are measured: each maker returns a function of a running number that makes one call.

import { customer, form, keyOf, result, text } from './values.mjs'

const TTL_SECONDS = 600

export const makers = {
  GET: (client, bytes) => (number) => client.get(keyOf(bytes, number)),

  'SET with TTL': (client, bytes) => {
    const value = text(bytes)
    return (number) => client.set(`set-${keyOf(bytes, number)}`, value, TTL_SECONDS)
  },

  /** What a server with all three caches does, in turn. Half of the claims find a form and the other half do not. */
  'mix of the caches': ({ caches }, bytes) => {
    const values = { result: result(bytes), form: form(bytes), customer: customer(bytes) }
    const turns = [
      (key) => caches.result(key),
      (key) => caches.rememberResult(key, values.result),
      (key) => caches.customerOfUser(key),
      (key) => caches.customer(key),
      (key, number) =>
        caches.claimForm(number % 16 < 8 ? key : `claim-${number}-${process.pid}`, values.form),
      (key) => caches.isFormProcessing(key),
      (key) => caches.form(key),
      (key) => caches.mapUser(key, 'cus_1'),
    ]
    return (number) => turns[number % turns.length](keyOf(bytes, number), number)
  },
}
