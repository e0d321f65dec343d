// Work done once for a key: this package beside what people would use instead. What a call costs, what happens in the
// situations that it is for, and how long a duplicate in another process waits for an outcome that is there.

import { randomUUID } from 'node:crypto'

import { Redis } from 'ioredis'

import { medians } from './figures.mjs'
import { progress } from './processes.mjs'
import { TIMED, WAITING, ways } from './run-once.mjs'
import { startRunner } from './runner.mjs'
import { measureSituations } from './situations.mjs'

const LEASE_MS = 30_000
const BYTES = 100
const WORK_MS = 250

export async function measureIdempotency(plan, servers) {
  const redis = new Redis(servers.http.address.redisUrl)
  const count = { http: () => countAtGateway(servers.http.control), tcp: countsAtRedis(redis) }
  try {
    return {
      leaseMs: plan.leaseMs,
      cost: await measureCost(plan.cost, servers.http, count),
      situations: await measureSituations(plan, servers),
      waiting: await measureWaiting(plan.waiting, servers.http, count),
    }
  } finally {
    redis.disconnect()
  }
}

async function countAtGateway(control) {
  const { requests, commands } = await control.counters()
  return { requests, commands: commands.total }
}

/** Redis also counts the commands that ask it. */
function countsAtRedis(redis) {
  let asked = 0
  return async () => {
    const info = await redis.info('stats')
    asked += 1
    return { requests: 0, commands: Number(info.match(/total_commands_processed:(\d+)/)[1]) - asked }
  }
}

/** The requests and commands that `action` takes, per `times`. */
async function counted(count, times, action) {
  const before = await count?.()
  await action()
  const after = await count?.()
  const per = (field) => (count ? (after[field] - before[field]) / times : 0)
  return { requests: per('requests'), commands: per('commands') }
}

/** Of each way: the time of a call with new work that takes no time, and what it sends. */
async function measureCost({ levels, rounds, milliseconds, warmUp, calls }, { address }, count) {
  const runners = new Map()
  for (const way of TIMED) runners.set(way, await startRunner(way, address, LEASE_MS))
  const times = levels.map((inFlight) => ({ inFlight, figures: {} }))
  for (let round = 0; round < rounds; round += 1) {
    for (const { inFlight, figures } of times) {
      for (const way of TIMED.map((_, place) => TIMED[(place + round) % TIMED.length])) {
        progress(`work done once: round ${round + 1} of ${rounds}, ${inFlight} in flight, ${way}`)
        const { ask } = runners.get(way)
        await ask('measure', { name: randomUUID(), bytes: BYTES, inFlight, milliseconds: warmUp })
        const measured = await ask('measure', { name: randomUUID(), bytes: BYTES, inFlight, milliseconds })
        figures[way] = [...(figures[way] ?? []), measured]
      }
    }
  }
  const sent = {}
  for (const [way, { ask }] of runners) sent[way] = await measureSent(ask, calls, count[ways[way].store])
  for (const { stop } of runners.values()) await stop()
  const medianOf = (figures) => TIMED.map((way) => [way, medians(figures[way])])
  return {
    times: times.map(({ inFlight, figures }) => ({ inFlight, ways: Object.fromEntries(medianOf(figures)) })),
    sent,
  }
}

/** What a call sends with new work, with a key whose work is done, and while the same process does it. */
async function measureSent(ask, calls, count) {
  const keys = Array.from({ length: calls }, () => randomUUID())
  const first = await counted(count, calls, () => ask('runEach', { keys }))
  const repeated = await counted(count, calls, () => ask('runEach', { keys }))
  const both = await counted(count, 1, () => ask('run', { key: randomUUID(), workMs: WORK_MS, calls: 2 }))
  const joined = {
    requests: both.requests - first.requests,
    commands: both.commands - first.commands,
  }
  return { first, repeated, joined }
}

/** Two processes call at once: how long after the end of the work the one has the result that did not do it. */
async function measureWaiting({ workMs, rounds }, { address }, count) {
  const pairs = new Map()
  for (const way of WAITING) {
    pairs.set(way, await Promise.all([1, 2].map(() => startRunner(way, address, LEASE_MS))))
  }
  const rows = workMs.map((work) => ({
    workMs: work,
    ways: Object.fromEntries(WAITING.map((way) => [way, []])),
  }))
  for (let round = 0; round < rounds; round += 1) {
    for (const row of rows) {
      for (const [way, pair] of pairs) {
        progress(`a duplicate in another process: round ${round + 1} of ${rounds}, ${row.workMs} ms, ${way}`)
        row.ways[way].push(await waitOnce(pair, row.workMs, count[ways[way].store]))
      }
    }
  }
  for (const { stop } of [...pairs.values()].flat()) await stop()
  return rows
}

async function waitOnce(pair, workMs, count) {
  const input = { key: randomUUID(), workMs }
  let calls
  const sent = await counted(count, 1, async () => {
    calls = (await Promise.all(pair.map(({ ask }) => ask('run', input)))).flat()
  })
  const runner = calls.find(({ executed }) => executed)
  const duplicate = calls.find(({ executed }) => !executed)
  if (runner?.answer.is !== 'result' || duplicate?.answer.text !== runner.answer.text) {
    throw new Error(`the callers do not have one result: ${JSON.stringify(calls)}`)
  }
  return {
    delayMs: duplicate.settledAt - runner.endedAt,
    waitedMs: duplicate.settledAt - duplicate.calledAt,
    ...sent,
  }
}
