// One client process: makes random calls, records each with its result, and drains at the end. The records are sent to
// the parent process in small batches, so that the memory of this process is mostly the package's.

import { writeFileSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'

import { redisManager } from 'redlatch'

import { now } from './clock.mjs'
import { Random } from './random.mjs'
import { LONGEST_LEASE_MS, RunCalls } from './runs.mjs'
import { OwnCalls, SharedCalls } from './workload.mjs'

const BATCH = 200
const SAMPLE_MS = 25
/** A timer that is later than this shows a stall of the event loop. */
const STALL_MS = 10

const isAvailable = () => redisManager.getCacheStats().isRedisAvailable

/** The calls that memory has answered instead of Redis. */
const fallenBack = () => {
  const { calls } = redisManager.getMetrics()
  return calls.form.fellBack + calls.redisManager.fellBack
}

class Recorder {
  #records = []
  #number = 0
  #timer

  /** Makes a call and records what `token` keeps of its result. Never rejects. */
  async call(about, make, token = (result) => result) {
    const fellBackBefore = about.area === 'claim' ? fallenBack() : 0
    const record = { type: 'call', ...about, number: this.#number, before: isAvailable(), start: now() }
    this.#number += 1
    try {
      const result = await make()
      record.answer = result === null || result === undefined ? null : token(result)
    } catch (error) {
      record.error = `${error.code} ${error.message}`
    }
    record.end = now()
    record.after = isAvailable()
    // Nothing fell back meanwhile, so Redis has answered this call.
    if (about.area === 'claim') record.isFromRedis = fallenBack() === fellBackBefore
    this.keep(record)
    return record
  }

  /** Records the state at intervals, and stalls of the event loop, which do not count as time of a call. */
  watch() {
    let last = now()
    this.#timer = setInterval(() => {
      const at = now()
      if (at - last > SAMPLE_MS + STALL_MS) this.keep({ type: 'stall', from: last + SAMPLE_MS, to: at })
      last = at
      const { pendingWrites: pending } = redisManager.getMetrics?.() ?? {}
      this.keep({ type: 'sample', at, available: isAvailable(), pending: pending ?? 0 })
      this.send()
    }, SAMPLE_MS)
    redisManager.onStateChange?.((change) => this.keep({ type: 'state', received: now(), ...change }))
  }

  stop() {
    clearInterval(this.#timer)
    this.send()
  }

  send() {
    if (this.#records.length > 0) process.send({ type: 'records', records: this.#records })
    this.#records = []
  }

  keep(record) {
    this.#records.push(record)
    if (this.#records.length >= BATCH) this.send()
  }

  /** For what the parent has to know even if this process is killed now. */
  sendNow(record) {
    this.#records.push(record)
    this.send()
  }
}

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
/** Others make runs and take locks, which last longer. */
const RUN_WORKERS = 6
const LONGEST_PAUSE_OF_RUNS_MS = 100
/** For a claim whose process has ended, and some requests. */
const LAST_WAIT_MS = LONGEST_LEASE_MS + 2_000
const LONGEST_PAUSE_MS = 25
const HOT_WRITES_AT_ONCE = 100
const DRAIN_MS = 1_000
/** A probe may be 15 s away. */
const DRAINS = 20

const recorder = new Recorder()
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
      workers.push(writeAllTheTime(`hot.${name}`))
    }
    for (let worker = 0; worker < RUN_WORKERS; worker += 1) {
      workers.push(makeRuns(`${name}.${worker}`, random.fork()))
    }
  },

  async ask({ keys }) {
    const runs = new RunCalls(recorder, new Random(0), 'new')
    await Promise.all(keys.map(({ kind, ...key }) => runs[kind](key, { waitMs: LAST_WAIT_MS })))
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

async function makeRuns(name, random) {
  const runs = new RunCalls(recorder, random, name)
  while (!isOver) {
    await runs.make(step)
    await pause(random.between(0, LONGEST_PAUSE_OF_RUNS_MS))
  }
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
