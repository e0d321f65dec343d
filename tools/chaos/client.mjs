// One client process: makes random calls, records each with its result, and drains at the end.

import { writeFileSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'

import { redisManager } from 'redlatch'

import { OneTimeCalls } from './one-time.mjs'
import { Pool } from './pool.mjs'
import { Random } from './random.mjs'
import { Recorder } from './recorder.mjs'
import { LONGEST_LEASE_MS, RunCalls } from './runs.mjs'
import { SessionCalls } from './sessions.mjs'
import { OwnCalls, SharedCalls } from './workload.mjs'

/** Without V8's young generation, whose size does not depend on what the package keeps. */
async function residentMb() {
  for (let times = 0; times < 5; times += 1) {
    globalThis.gc()
    await nextTurn()
  }
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith('new_'))
  const young = spaces.reduce((sum, space) => sum + space.physical_space_size, 0)
  return (process.memoryUsage.rss() - young) / 2 ** 20
}

const WORKERS = 6
/** Of sessions, and as many of one-time data. */
const SESSION_WORKERS = 3
/** Few, so that several calls come together on each of them. */
const SESSIONS_IN_USE = 6
const ENTRIES_IN_USE = 4
/** Others make runs and take locks, which last longer. */
const RUN_WORKERS = 6
const LONGEST_PAUSE_OF_RUNS_MS = 100
/** For a claim whose process has ended, and some requests. */
const LAST_WAIT_MS = LONGEST_LEASE_MS + 2_000
const ASKED_AT_ONCE = 100
const LONGEST_PAUSE_MS = 25
const HOT_WRITES_AT_ONCE = 100
const DRAIN_MS = 1_000
/** A probe may be 15 s away. */
const DRAINS = 20

const recorder = new Recorder()
const poolOf = (area, most) => new Pool(most, (one) => process.send({ type: 'shared', area, one }))
const pools = { session: poolOf('session', SESSIONS_IN_USE), oneTime: poolOf('oneTime', ENTRIES_IN_USE) }
const workers = []
let step = 0
let isOver = false
let hasMovedClock = false

const actions = {
  start({ name, seed, makes, url, token, timeoutMs, step: first }) {
    redisManager.configure({ url, token, timeoutMs })
    recorder.watch()
    step = first
    const random = new Random(seed)
    if (makes === 'nothing') return
    if (makes === 'everything') {
      for (let worker = 0; worker < WORKERS; worker += 1)
        workers.push(work(`${name}${worker}`, random.fork()))
      for (let worker = 0; worker < SESSION_WORKERS; worker += 1) {
        const both = [new SessionCalls(recorder, random.fork(), `${name}${worker}`, pools.session)]
        both.push(new OneTimeCalls(recorder, random.fork(), `${name}${worker}`, pools.oneTime))
        workers.push(...both.map((calls) => makeAllTheTime(calls, random.fork())))
      }
      workers.push(writeAllTheTime(`hot.${name}`))
    }
    for (let worker = 0; worker < RUN_WORKERS; worker += 1) {
      workers.push(makeRuns(`${name}.${worker}`, random.fork()))
    }
  },

  /** What another process has made for all. */
  share({ area, one }) {
    pools[area].add(one)
  },

  async ask({ keys, sessions, entries }) {
    const runs = new RunCalls(recorder, new Random(0), 'new')
    await Promise.all(keys.map(({ kind, ...key }) => runs[kind](key, { waitMs: LAST_WAIT_MS })))
    const session = new SessionCalls(recorder, new Random(0), 'new', pools.session)
    const oneTime = new OneTimeCalls(recorder, new Random(0), 'new', pools.oneTime)
    for (const part of parts(sessions)) await Promise.all(part.map((one) => session.look(one)))
    for (const part of parts(entries)) await Promise.all(part.map((one) => oneTime.take(one)))
    recorder.stop()
    process.send({ type: 'asked' })
  },

  /** The file that libfaketime reads the offset of this process's wall clock from. */
  moveClock({ milliseconds }) {
    hasMovedClock = true
    writeFileSync(process.env.FAKETIME_TIMESTAMP_FILE, `${milliseconds < 0 ? '' : '+'}${milliseconds / 1000}`)
  },

  step({ number }) {
    step = number
  },

  async measure() {
    process.send({ type: 'memory', residentMb: await residentMb() })
  },

  async finish() {
    isOver = true
    await Promise.all(workers)
    const pending = await drain()
    recorder.stop()
    process.send({ type: 'memory', residentMb: await residentMb() })
    process.send({ type: 'finished', pending, metrics: redisManager.getMetrics?.() ?? {} })
  },

  async close() {
    await redisManager.close()
    // With nothing left to do, the process must exit by itself.
    process.off('disconnect', endWithParent)
    process.disconnect()
  },
}

/** Calls on one key are in order: in one turn, or in a later turn after they completed. */
async function work(name, random) {
  const own = new OwnCalls(recorder, random, name, () => hasMovedClock)
  const shared = new SharedCalls(recorder, random, name)
  while (!isOver) {
    const calls = random.once(4) ? random.between(2, 4) : 1
    const made = Array.from({ length: calls }, () => (random.once(3) ? shared.make(step) : own.make()))
    await Promise.all(made)
    await pause(random.between(0, LONGEST_PAUSE_MS))
  }
}

/** Makes random calls of `calls`. */
async function makeAllTheTime(calls, random) {
  while (!isOver) {
    await calls.make(step)
    await pause(random.between(0, LONGEST_PAUSE_MS))
  }
}

async function makeRuns(name, random) {
  const runs = new RunCalls(recorder, random, name)
  while (!isOver) {
    await runs.make(step)
    await pause(random.between(0, LONGEST_PAUSE_OF_RUNS_MS))
  }
}

/** A list in parts that one request can answer soon. */
function parts(list) {
  const starts = Array.from({ length: Math.ceil(list.length / ASKED_AT_ONCE) }, (_, at) => at * ASKED_AT_ONCE)
  return starts.map((start) => list.slice(start, start + ASKED_AT_ONCE))
}

/** Writes a key so often that there is always a write on its way. It must return to Redis nevertheless. */
async function writeAllTheTime(key) {
  const written = []
  for (let number = 0; !isOver; number += 1) {
    written.push(redisManager.set(key, String(number), 60))
    if (written.length > HOT_WRITES_AT_ONCE) await written.shift()
    await pause(2)
  }
  await Promise.all(written)
}

/** The number of writes still pending once Redis is available again. */
async function drain() {
  let pending = 0
  for (let time = 0; time < DRAINS; time += 1) {
    if (redisManager.drain) pending = await redisManager.drain(DRAIN_MS)
    else await redisManager.exists('drain')
    if (pending === 0 && redisManager.getCacheStats().isRedisAvailable) break
    await pause(100)
  }
  return pending
}

function fatal(kind) {
  process.on(kind, (error) => {
    process.send({ type: 'fatal', text: `${kind}: ${error?.stack ?? error}` })
  })
}
/** Without its parent the process has nothing to do. */
function endWithParent() {
  process.exit(1)
}
process.on('disconnect', endWithParent)

fatal('unhandledRejection')
fatal('uncaughtException')

process.on('message', ({ action, ...input }) => actions[action](input))
