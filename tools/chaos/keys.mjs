// The kinds of keys that one process has for itself: how their entries look in Redis, and what the part of an entry is
// that tells one write from another.

import assert from 'node:assert/strict'

/** Where a cache keeps its entries, by kind of key. */
const prefixes = { text: '', result: 'idempotency:', form: 'form:', customer: 'customer:' }

export const kinds = Object.keys(prefixes)

export const redisKey = (kind, key) => `${prefixes[kind]}${key}`

/** The fields that the caches demand, around the token of a write. A form has a status besides. */
export const entries = {
  result: (token) => ({ url: token }),
  form: (token, status) => ({
    eventId: token,
    guestEmail: 'guest@example.com',
    startTime: 's',
    status,
    timestamp: 1,
  }),
  customer: (token) => ({ stripeCustomerId: 'c', email: 'e', name: token, created: 1, updatedAt: 1 }),
}

/** What a read is compared by. */
export const tokens = {
  text: (text) => text,
  result: (result) => result.url,
  form: ({ eventId, status }) => formToken(eventId, status),
  customer: (customer) => customer.name,
}

export const formToken = (token, status) => `${token}/${status}`

/** The token of an entry as Redis holds it. */
export function tokenOfText(kind, text) {
  if (text === null) return null
  if (kind === 'text') return text
  try {
    return tokens[kind](JSON.parse(text))
  } catch (error) {
    assert.ok(error instanceof SyntaxError)
    return `not JSON: ${text}`
  }
}
