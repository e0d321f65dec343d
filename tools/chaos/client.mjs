// One client process: makes random calls when told to, records them, and waits for Redis at the end.

import { setTimeout as pause } from 'node:timers/promises'
import { redisManager } from 'redlatch'

import { residentMb } from './memory.mjs'
import { OwnCalls } from './own-calls.mjs'
import { Random } from './random.mjs'
import { Recorder } from './recorder.mjs'
import { SharedCalls } from './shared-calls.mjs'

const WORKERS = 6
const LONGEST_PAUSE_MS = 25
const FLUSH_MS = 1_000
/** A probe may be 15 s away. */
const FLUSHES = 20

const recorder = new Recorder()
const workers = []
let step = 0
let isOver = false

const actions = {
  start({ name, seed, url, token, timeoutMs }) {
    redisManager.configure({ url, token, timeoutMs })
    recorder.watch()
    const random = new Random(seed)
    for (let worker = 0; worker < WORKERS; worker += 1) workers.push(work(`${name}${worker}`, random.fork()))
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
    const pending = await flush()
    recorder.stop()
    process.send({ type: 'memory', residentMb: await residentMb() })
    process.send({ type: 'finished', pending, metrics: redisManager.getMetrics?.() ?? {} })
  },

  async close() {
    await redisManager.close()
    // With nothing left to do, the process has to end by itself.
    process.off('disconnect', endWithParent)
    process.disconnect()
  },
}

/** A worker's calls on one key are in order: in one turn, or in a later one that waits for those before. */
async function work(name, random) {
  const own = new OwnCalls(recorder, random, name)
  const shared = new SharedCalls(recorder, random, name)
  while (!isOver) {
    const calls = random.once(4) ? random.between(2, 4) : 1
    const made = Array.from({ length: calls }, () => (random.once(3) ? shared.make(step) : own.make()))
    await Promise.all(made)
    await pause(random.between(0, LONGEST_PAUSE_MS))
  }
}

/** How many effects Redis still lacks once it can be used again. */
async function flush() {
  let pending = 0
  for (let time = 0; time < FLUSHES; time += 1) {
    if (redisManager.drain) pending = await redisManager.drain(FLUSH_MS)
    else await redisManager.exists('flush')
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
/** Without anybody to report to, there is nothing to do. */
function endWithParent() {
  process.exit(1)
}
process.on('disconnect', endWithParent)

fatal('unhandledRejection')
fatal('uncaughtException')

process.on('message', ({ action, ...input }) => actions[action](input))
