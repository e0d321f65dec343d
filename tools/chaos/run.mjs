// One run: three client processes, each with its own gateway, one Redis, and faults. All calls are recorded, and checked
// at the end.

import { Redis as OfficialClient } from '@upstash/redis'

import { checkCalls, checkClaims, checkCounters, checkProcesses } from './checks.mjs'
import { ClientProcess, startClient } from './client-process.mjs'
import { now } from './clock.mjs'
import { checkOwnKeys } from './model.mjs'
import { checkOneTime } from './one-time-checks.mjs'
import { entriesOf } from './one-time-model.mjs'
import { Random } from './random.mjs'
import { checkRuns } from './runs-checks.mjs'
import { keysOfRuns } from './runs-model.mjs'
import { Gateway, Redis } from './servers.mjs'
import { checkSessions } from './sessions-checks.mjs'
import { sessionsOf } from './sessions-model.mjs'
import { injectFaults, steps, Timeline } from './timeline.mjs'

const CLIENTS = 3
const TIMEOUT_MS = 500
/** The part of the run after which memory must stay level. */
const WARM_UP = 1 / 3
const READ_AT_ONCE = 200
/** The first two read Redis, where some entries are about to expire. */
const checks = [checkOwnKeys, checkCounters, checkClaims, checkCalls, checkRuns, checkSessions, checkOneTime]

/** Returns the figures of the run and the broken promises. */
export async function runChaos({ seconds, seed, kinds }) {
  const run = {
    timeoutMs: TIMEOUT_MS,
    step: 0,
    windows: [],
    losses: [],
    recoveries: [],
    figures: {},
    clients: [],
    former: [],
  }
  run.redis = await Redis.start()
  try {
    run.gateways = await Promise.all(Array.from({ length: CLIENTS }, () => Gateway.start(run.redis)))
    run.readAll = (keys) => readAll(run.gateways[0].address, keys)
    const random = new Random(seed)
    run.steps = steps(random.fork(), kinds, CLIENTS)
    await makeHistory(run, random, seconds)
    const violations = await checkAll(run)
    return { ...run, violations }
  } finally {
    await Promise.all([...run.clients, ...run.former].map((client) => client.kill()))
    await Promise.all((run.gateways ?? []).map((gateway) => gateway.stop()))
    await run.redis.stop()
  }
}

async function makeHistory(run, random, seconds) {
  for (let number = 0; number < CLIENTS; number += 1) startClient(run, number, random)
  await Promise.all(run.clients.map((client) => client.settledAfter(now(), TIMEOUT_MS)))
  await injectFaults(run, seconds * WARM_UP)
  await Promise.all(run.clients.map((client) => client.measure()))
  await injectFaults(run, seconds * (1 - WARM_UP))
  await Promise.all(
    run.clients.map(async (client) => Object.assign(client, { finished: await client.finish() })),
  )
  run.timesMeasured = 2
  run.finishedAt = now()
  run.timeline = new Timeline(run)
  await askAgain(run)
  for (const client of run.clients) {
    for (const call of client.calls) call.client = client.number
  }
}

/** Has a new process ask for everything that was run, take all locks and entries, and read all sessions. */
async function askAgain(run) {
  const process = new ClientProcess(0, 'new')
  run.former.push(process)
  process.start(run, { seed: 0, makes: 'nothing' })
  await process.ask({
    keys: keysOfRuns(run),
    sessions: sessionsOf(run).map(({ name, user, id }) => ({ name, user, id })),
    entries: entriesOf(run).map(({ name, kind, secret }) => ({ name, kind, secret })),
  })
  await process.close()
}

async function checkAll(run) {
  const violations = []
  for (const check of checks) violations.push(...(await check(run)))
  await Promise.all(run.clients.map(async (client) => Object.assign(client, { exit: await client.close() })))
  return [...checkProcesses(run), ...violations]
}

/** Reads `keys` with the official client. */
async function readAll(address, keys) {
  const client = new OfficialClient({ ...address, automaticDeserialization: false })
  const start = now()
  const texts = []
  for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
    texts.push(...(await client.mget(keys.slice(from, from + READ_AT_ONCE))))
  }
  return { texts, start, end: now() }
}
