// The calls of the caches as the commands that redlatch sends for them, with JSON by hand: what one writes on a client.

const MINUTES = 60
const DAY = 86_400

/**
 * @param get the text of a key
 * @param set stores a text with a TTL in seconds
 * @param claim stores a text with a TTL unless the key is there, and resolves to whether it did
 * @param parse makes an object of what `get` resolves to
 */
export function byHand({ get, set, claim, parse = JSON.parse }) {
  const read = async (key) => {
    const found = await get(key)
    return found === null ? null : parse(found)
  }
  return {
    result: (key) => read(`idempotency:${key}`),
    rememberResult: (key, result) => set(`idempotency:${key}`, JSON.stringify(result), 10 * MINUTES),
    claimForm: (key, form) =>
      claim(`form:${key}`, JSON.stringify({ ...form, status: 'processing' }), 5 * MINUTES),
    isFormProcessing: async (key) => (await read(`form:${key}`))?.status === 'processing',
    form: (key) => read(`form:${key}`),
    customerOfUser: (userId) => get(`user:${userId}`),
    customer: (id) => read(`customer:${id}`),
    mapUser: (userId, id) => set(`user:${userId}`, id, DAY),
  }
}
