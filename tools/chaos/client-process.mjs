// A client process as its parent sees it: what it is told, and what it has recorded.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { cleanEnvironment } from '../bench/processes.mjs'
import { now } from './clock.mjs'

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

/** The client that makes only runs and takes locks, and that may be killed: it keeps nothing that must not be lost. */
export const RUNNER = 2

/** Starts client `number` of a run. */
export function startClient(run, number, random) {
  // The names of the killed ones are not used again.
  const name = `${'abc'[number]}${run.former.length || ''}`
  const client = new ClientProcess(number, name)
  run.clients[number] = client
  const makes = number === RUNNER ? 'runs' : 'everything'
  client.start(run, { seed: random.between(0, 2 ** 32 - 1), makes })
}

export class ClientProcess {
  calls = []
  samples = []
  states = []
  stalls = []
  runs = []
  began = []
  lost = []
  done = []
  memory = []
  fatal = []
  /** When it was killed; infinity if it was not. */
  killedAt = Number.POSITIVE_INFINITY
  #child
  #clockFile
  #ended
  #others
  #waiting = new Set()

  /** `number` is that of its gateway, and `name` part of what it writes. */
  constructor(number, name) {
    Object.assign(this, { number, name })
    const clock = movableClock()
    this.#clockFile = clock.FAKETIME_TIMESTAMP_FILE
    const env = cleanEnvironment(clock)
    const options = { execArgv: ['--expose-gc'], serialization: 'advanced', env }
    this.#child = fork(program, { ...options, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.stderr = text(this.#child.stderr)
    // Its last messages may come after its exit.
    const ends = ['exit', 'disconnect'].map((event) => once(this.#child, event))
    this.#ended = Promise.all(ends).then(([[code, signal]]) => this.#end(signal ?? code))
    this.#child.on('message', (message) => this.#receive(message))
  }

  /** `makes`: which calls it is to make all the time. */
  start(run, { seed, makes }) {
    const { gateways, step, timeoutMs } = run
    this.#others = () => run.clients.filter((client) => client !== this)
    this.send('start', { ...gateways[this.number].address, name: this.name, seed, makes, step, timeoutMs })
  }

  /** A crashed client cannot receive messages. Its exit is recorded instead. */
  send(action, input = {}) {
    if (this.#child.connected) this.#child.send({ action, ...input }, () => {})
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

  /** Has it run every key and take every lock of `keys`, read all sessions, and take all entries, each of them once. */
  async ask(all) {
    this.send('ask', all)
    await this.#next(({ type }) => type === 'asked', CLIENT_TIMEOUT_MS)
  }

  /** Returns the exit code or signal of the process: 0, unless something is wrong. */
  async close() {
    this.send('close')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLIENT_TIMEOUT_MS)
    const how = await this.#ended
    clearTimeout(timer)
    return how
  }

  /** Kills it, as a crash would. Resolves once it has exited and all that it has told is here. */
  async kill() {
    this.killedAt = Math.min(this.killedAt, now())
    this.#child.kill('SIGKILL')
    await this.#ended
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
    if (message.type === 'shared') for (const client of this.#others()) client.send('share', message)
    for (const record of message.records ?? [message]) {
      this.#lists[record.type]?.push(record)
      for (const waiting of this.#waiting) if (waiting.isIt(record)) waiting.resolve(record)
    }
  }

  #end(how) {
    rmSync(dirname(this.#clockFile), { recursive: true })
    const isExpected = how === 0 || this.killedAt < Number.POSITIVE_INFINITY
    if (!isExpected) this.fatal.push(`the process exited with ${how}`)
    for (const waiting of this.#waiting) waiting.resolve()
    return how
  }

  get #lists() {
    const { calls, samples, states, stalls, runs, began, lost, done } = this
    return { call: calls, sample: samples, state: states, stall: stalls, run: runs, began, lost, done }
  }
}
