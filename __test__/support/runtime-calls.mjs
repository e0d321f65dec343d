// Uses the three caches, by `import` and by `require`, in whatever runtime it is started, and prints what came of it. With
// REDLATCH_CONTROL_URL it has the gateway refuse connections and goes on. It has to end by itself.

import { createRequire } from 'node:module'
import redlatch, { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'

const required = createRequire(import.meta.url)('redlatch')
const claim = { eventId: 'e', guestEmail: 'g@example.com', startTime: 's', timestamp: 1 }

async function calls(name) {
  await IdempotencyCache.set(name, { url: '/' })
  await CustomerCache.setUserMapping(name, 'cus_1')
  return {
    claims: await Promise.all([1, 2].map(() => FormCache.tryAcquireProcessing(name, claim))),
    result: await IdempotencyCache.get(name),
    customerId: await CustomerCache.getCustomerByUserId(name),
    refused: await redisManager.set('', 'value').catch(({ name, code }) => [name, code]),
    cacheType: redisManager.getCacheStats().cacheType,
  }
}

const key = `runtime-${process.pid}-${Date.now()}`
const isSame = [
  redlatch === redisManager,
  required.redisManager === redisManager,
  required.FormCache === FormCache,
]
const before = await calls(key)
const control = process.env.REDLATCH_CONTROL_URL
let during = null
if (control) {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${control}/faults`, { method: 'POST', headers, body: '{"fault":"refuse"}' })
  during = await calls(`${key}-2`)
  await fetch(`${control}/faults`, { method: 'DELETE' })
}
console.log(JSON.stringify({ isSame, before, during }))
