// One run: two client processes, each with its own gateway, one Redis, and faults. All calls are recorded, and checked at
// the end.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { Redis as OfficialClient } from '@upstash/redis'

import { cleanEnvironment } from '../bench/processes.mjs'
import { checkCalls, checkClaims, checkCounters, checkProcesses } from './checks.mjs'
import { now } from './clock.mjs'
import { checkOwnKeys } from './model.mjs'
import { Random } from './random.mjs'
import { Gateway, Redis } from './servers.mjs'
import { injectFaults, steps, Timeline } from './timeline.mjs'

const CLIENTS = ['a', 'b']
const TIMEOUT_MS = 500
/** The part of the run after which memory must stay level. */
const WARM_UP = 1 / 3
const READ_AT_ONCE = 200

/** Returns the figures of the run and the broken promises. */
export async function runChaos({ seconds, seed, kinds }) {
  const run = { timeoutMs: TIMEOUT_MS, windows: [], losses: [], recoveries: [], figures: {}, clients: [] }
  run.redis = await Redis.start()
  try {
    run.gateways = await Promise.all(CLIENTS.map(() => Gateway.start(run.redis)))
    run.readAll = (keys) => readAll(run.gateways[0].address, keys)
    const random = new Random(seed)
    run.steps = steps(random.fork(), kinds, CLIENTS.length)
    await makeHistory(run, random, seconds)
    run.timeline = new Timeline(run)
    const violations = await checkAll(run)
    return { ...run, violations }
  } finally {
    for (const client of run.clients) client.kill()
    await Promise.all((run.gateways ?? []).map((gateway) => gateway.stop()))
    await run.redis.stop()
  }
}

async function makeHistory(run, random, seconds) {
  run.clients = CLIENTS.map((_, number) => new ClientProcess(number))
  run.clients.forEach((client, number) => {
    const seed = random.between(0, 2 ** 32 - 1)
    client.send('start', {
      ...run.gateways[number].address,
      name: CLIENTS[number],
      seed,
      timeoutMs: TIMEOUT_MS,
    })
  })
  await Promise.all(run.clients.map((client) => client.settledAfter(now(), TIMEOUT_MS)))
  await injectFaults(run, seconds * WARM_UP)
  await Promise.all(run.clients.map((client) => client.measure()))
  await injectFaults(run, seconds * (1 - WARM_UP))
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
  // The first two read Redis, where some entries are about to expire.
  for (const check of [checkOwnKeys, checkCounters, checkClaims, checkCalls])
    violations.push(...(await check(run)))
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

const program = fileURLToPath(new URL('client.mjs', import.meta.url))
/** For a thawed client to reply, and for an idle one to exit. */
const CLIENT_TIMEOUT_MS = 30_000

/** The environment of a process whose wall clock can be moved while it runs, by the text of a file. */
function movableClock() {
  const file = join(mkdtempSync(join(tmpdir(), 'redlatch-clock-')), 'offset')
  writeFileSync(file, '+0')
  return {
    LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

/** A client process, and what it has recorded. */
class ClientProcess {
  calls = []
  samples = []
  states = []
  stalls = []
  memory = []
  fatal = []
  #child
  #clockFile
  #ended
  #waiting = new Set()

  constructor(number) {
    this.number = number
    const clock = movableClock()
    this.#clockFile = clock.FAKETIME_TIMESTAMP_FILE
    const env = cleanEnvironment(clock)
    const options = { execArgv: ['--expose-gc'], serialization: 'advanced', env }
    this.#child = fork(program, { ...options, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.stderr = text(this.#child.stderr)
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => signal ?? code)
    this.#ended.then((how) => this.#end(how))
    this.#child.on('message', (message) => this.#receive(message))
    // A crashed client cannot receive messages. Its exit is recorded instead.
    this.#child.on('error', () => {})
  }

  send(action, input = {}) {
    if (this.#child.connected) this.#child.send({ action, ...input })
  }

  moveClock(milliseconds) {
    this.send('moveClock', { milliseconds })
  }

  freeze() {
    this.#child.kill('SIGSTOP')
  }

  thaw() {
    this.#child.kill('SIGCONT')
  }

  /** When the client was first available after `time`, with nothing pending; infinity if not within `milliseconds`. */
  settledAfter(time, milliseconds) {
    const isIt = ({ type, available, pending, at }) =>
      type === 'sample' && available && pending === 0 && at > time
    return this.#next(isIt, milliseconds).then((sample) => sample?.at ?? Number.POSITIVE_INFINITY)
  }

  async measure() {
    this.send('measure')
    await this.#next(({ type }) => type === 'memory', CLIENT_TIMEOUT_MS)
  }

  /** Stops the calls and drains. Returns the number of writes still pending, and the metrics. */
  async finish() {
    this.send('finish')
    const finished = await this.#next(({ type }) => type === 'finished', CLIENT_TIMEOUT_MS)
    return finished ?? { pending: Number.NaN, metrics: {} }
  }

  /** Returns the exit code or signal of the process: 0, unless something is wrong. */
  async close() {
    rmSync(dirname(this.#clockFile), { recursive: true })
    this.send('close')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLIENT_TIMEOUT_MS)
    const how = await this.#ended
    clearTimeout(timer)
    return how
  }

  kill() {
    this.#child.kill('SIGKILL')
  }

  /** The next message or record for which `isIt` holds; undefined if none comes in time. */
  #next(isIt, milliseconds) {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = { isIt }
      const timer = setTimeout(() => waiting.resolve(), milliseconds)
      waiting.resolve = (message) => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        resolve(message)
      }
      this.#waiting.add(waiting)
    })
  }

  #receive(message) {
    if (message.type === 'memory') this.memory.push(message.residentMb)
    if (message.type === 'fatal') this.fatal.push(message.text)
    for (const record of message.records ?? [message]) {
      this.#lists[record.type]?.push(record)
      for (const waiting of this.#waiting) if (waiting.isIt(record)) waiting.resolve(record)
    }
  }

  #end(how) {
    if (how !== 0) this.fatal.push(`the process exited with ${how}`)
    for (const waiting of this.#waiting) waiting.resolve()
  }

  get #lists() {
    return { call: this.calls, sample: this.samples, state: this.states, stall: this.stalls }
  }
}
