// One run: two clients, each with a gateway of its own, one Redis, and trouble. Everything is recorded, and checked at
// the end.

import { Redis as OfficialClient } from '@upstash/redis'

import * as calls from './checks/calls.mjs'
import * as claims from './checks/claims.mjs'
import * as counters from './checks/counters.mjs'
import * as ownKeys from './checks/own-keys.mjs'
import * as processes from './checks/processes.mjs'
import { Circumstances } from './circumstances.mjs'
import { Client } from './client-handle.mjs'
import { now } from './clock.mjs'
import { Gateway } from './gateway.mjs'
import { Random } from './random.mjs'
import { Redis } from './redis.mjs'
import { makeTrouble, steps } from './schedule.mjs'

const CLIENTS = ['a', 'b']
const TIMEOUT_MS = 500
/** The part of the run after which memory is expected to stay level. */
const WARM_UP = 1 / 3
const READ_AT_ONCE = 200

/** Returns what happened: the figures, and the violations of what is promised. */
export async function runChaos({ seconds, seed, kinds }) {
  const run = { timeoutMs: TIMEOUT_MS, windows: [], losses: [], recoveries: [], figures: {}, clients: [] }
  run.redis = await Redis.start()
  try {
    run.gateways = await Promise.all(CLIENTS.map(() => Gateway.start(run.redis)))
    run.readAll = (keys) => readAll(run.gateways[0].address, keys)
    const random = new Random(seed)
    run.steps = steps(random.fork(), kinds, CLIENTS.length)
    await makeHistory(run, random, seconds)
    run.circumstances = new Circumstances(run)
    const violations = await checkAll(run)
    return { ...run, violations }
  } finally {
    for (const client of run.clients) client.kill()
    await Promise.all((run.gateways ?? []).map((gateway) => gateway.stop()))
    await run.redis.stop()
  }
}

async function makeHistory(run, random, seconds) {
  run.clients = CLIENTS.map((_, number) => new Client(number))
  run.clients.forEach((client, number) => {
    const seed = random.between(0, 2 ** 32 - 1)
    client.tell('start', {
      ...run.gateways[number].address,
      name: CLIENTS[number],
      seed,
      timeoutMs: TIMEOUT_MS,
    })
  })
  await Promise.all(run.clients.map((client) => client.availableAfter(now(), TIMEOUT_MS)))
  await makeTrouble(run, seconds * WARM_UP)
  await Promise.all(run.clients.map((client) => client.measure()))
  await makeTrouble(run, seconds * (1 - WARM_UP))
  await Promise.all(
    run.clients.map(async (client) => Object.assign(client, { finished: await client.finish() })),
  )
  run.timesMeasured = 2
  run.finishedAt = now()
  for (const client of run.clients) {
    for (const call of client.calls) call.client = client.number
  }
}

async function checkAll(run) {
  const violations = []
  // These two read Redis, and some entries are about to expire.
  for (const { check } of [ownKeys, counters, claims, calls]) violations.push(...(await check(run)))
  await Promise.all(run.clients.map(async (client) => Object.assign(client, { exit: await client.close() })))
  return [...processes.check(run), ...violations]
}

/** The texts of `keys` as the official client reads them. */
async function readAll(address, keys) {
  const client = new OfficialClient({ ...address, automaticDeserialization: false })
  const start = now()
  const texts = []
  for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
    texts.push(...(await client.mget(keys.slice(from, from + READ_AT_ONCE))))
  }
  return { texts, start, end: now() }
}
