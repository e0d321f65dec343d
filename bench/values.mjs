// Keys and values of the calls that are measured. The values are JSON texts with one long string: what the caches
// hold, and cheap to parse for a client that parses all it reads.

export const KEYS = 1000

export const keyOf = (bytes, number) => `bench-${bytes}-${number % KEYS}`

/** Fills up one field so that the object's JSON text has so many bytes, if it has not more already. */
function filledUp(object, field, bytes) {
  const missing = bytes - JSON.stringify({ ...object, [field]: '' }).length
  return { ...object, [field]: 'x'.repeat(Math.max(missing, 1)) }
}

export const result = (bytes) => filledUp({}, 'url', bytes)

export const text = (bytes) => JSON.stringify(result(bytes))

export const form = (bytes) =>
  filledUp(
    { eventId: 'e1', guestEmail: 'a@b.com', startTime: '2030-01-01T10:00Z', timestamp: 1893492000000 },
    'notes',
    bytes,
  )

export const customer = (bytes) =>
  filledUp(
    { stripeCustomerId: 'cus_1', email: 'a@b.com', created: 1893492000000, updatedAt: 1893492000000 },
    'name',
    bytes,
  )

/** Stores, through redlatch, all that the measured reads will find. It stays for the whole run. */
export async function prefill(client, bytes) {
  const HOUR = 3600
  for (let number = 0; number < KEYS; number += 1) {
    const key = keyOf(bytes, number)
    const { caches } = client
    await Promise.all([
      client.set(key, text(bytes), HOUR),
      caches.rememberResult(key, result(bytes)),
      caches.rememberForm(key, { ...form(bytes), status: 'processing' }),
      caches.rememberCustomer(key, customer(bytes)),
      caches.mapUser(key, `cus_${number}`),
    ])
  }
}
