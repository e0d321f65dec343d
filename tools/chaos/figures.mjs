// Measures the figures of docs/reliability.md: how fast memory takes over, how fast Redis is used again, and what a
// replay costs. The addon and the gateway have to be built.

import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'

import { redisManager } from 'redlatch'

import { Gateway } from './servers.mjs'

const OUTAGE_MS = 5000
const WRITES = 100_000

const isAvailable = () => redisManager.getCacheStats().isRedisAvailable
const percentile = (times, part) => times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * part)]
const show = (name, value) => console.log(`${name.padEnd(62)} ${value}`)
const milliseconds = (time) => `${time.toFixed(1)} ms`

/** Has `callers` call one after the other until `isOver`; the time that each call took. */
async function load(callers, isOver) {
  const times = []
  const call = async (caller) => {
    for (let count = 0; !isOver(); count += 1) {
      const start = performance.now()
      await redisManager.set(`load:${caller}:${count % 100}`, 'value', 600)
      times.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
  return times
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function use(gateway, timeoutMs) {
  const memory = { maxEntries: 2 * WRITES, maxBytes: 2 ** 28 }
  redisManager.configure({ ...gateway.address, timeoutMs, memory })
}

async function refused(gateway) {
  await gateway.addFault({ fault: 'refuse' })
  use(gateway, 2000)
  show('refused from the start: first call', milliseconds(await timed(() => redisManager.get('any'))))
  await gateway.clearFaults()
}

async function neverAnswering(gateway) {
  use(gateway, 500)
  await redisManager.get('any')
  await gateway.addFault({ fault: 'hang' })
  const end = performance.now() + 4000
  const waiting = await load(8, () => !isAvailable())
  show('never answering: longest call, timeoutMs 500', milliseconds(Math.max(...waiting)))
  const degraded = await load(8, () => performance.now() > end)
  show('once degraded: p99 of a call', milliseconds(percentile(degraded, 0.99)))
  await gateway.clearFaults()
}

async function comingBack(gateway) {
  use(gateway, 2000)
  await redisManager.get('any')
  await gateway.addFault({ fault: 'status', status: 503, body: '{"error":"ERR no"}' })
  await load(8, () => !isAvailable())
  const before = await gateway.counters()
  const end = performance.now() + OUTAGE_MS
  await load(8, () => performance.now() > end)
  const after = await gateway.counters()
  show(`requests in an outage of ${OUTAGE_MS / 1000} s under load`, after.requests - before.requests)
  await gateway.clearFaults()
  const back = await timed(() => load(1, isAvailable))
  show('then, after Redis is back: until a call goes to it', milliseconds(back))
  show('acknowledged writes still pending after a drain', await redisManager.drain(20_000))
}

async function replaying(gateway) {
  const until = performance.now() + 2000
  const normal = percentile(await load(8, () => performance.now() > until), 0.99)
  await gateway.addFault({ fault: 'refuse' })
  for (let count = 0; count < WRITES; count += 1) await redisManager.set(`effect:${count}`, 'value', 600)
  const { pendingWrites } = redisManager.getMetrics()
  await gateway.clearFaults()
  while (!isAvailable()) await pause(1)
  const before = await gateway.counters()
  let left = pendingWrites
  let calls = 0
  let meanwhile = []
  const duration = await timed(async () => {
    const drained = redisManager.drain(60_000).then((count) => {
      left = count
    })
    meanwhile = await load(8, () => left === 0)
    calls = meanwhile.length
    await drained
  })
  const requests = (await gateway.counters()).requests - before.requests
  show(`replay of ${pendingWrites} writes`, milliseconds(duration))
  show(`requests, those of ${calls} other calls included`, requests)
  const slow = percentile(meanwhile, 0.99)
  show(
    'p99 of the other calls',
    `${milliseconds(slow)}, ${(slow / normal).toFixed(1)} x of ${milliseconds(normal)}`,
  )
}

console.warn = () => undefined
console.info = () => undefined
const gateway = await Gateway.start()
for (const measure of [refused, neverAnswering, comingBack, replaying]) {
  await measure(gateway)
  await redisManager.close()
}
await gateway.stop()
