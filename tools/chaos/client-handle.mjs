// A client process as the parent sees it: what it is told, and what it has told.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { cleanEnvironment } from '../bench/environment.mjs'

const program = fileURLToPath(new URL('client.mjs', import.meta.url))
/** For a thawed client to answer, and for one with nothing left to do to end. */
const PATIENCE_MS = 30_000

export class Client {
  calls = []
  samples = []
  states = []
  stalls = []
  memory = []
  fatal = []
  #child
  #ended
  #waiting = new Set()

  constructor(number) {
    this.number = number
    const options = { execArgv: ['--expose-gc'], serialization: 'advanced', env: cleanEnvironment() }
    this.#child = fork(program, { ...options, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.told = text(this.#child.stderr)
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => signal ?? code)
    this.#ended.then((how) => this.#end(how))
    this.#child.on('message', (message) => this.#receive(message))
    // A client that has crashed takes no messages; its end is what is told.
    this.#child.on('error', () => {})
  }

  tell(action, input = {}) {
    if (this.#child.connected) this.#child.send({ action, ...input })
  }

  freeze() {
    this.#child.kill('SIGSTOP')
  }

  thaw() {
    this.#child.kill('SIGCONT')
  }

  /** When the client was first seen available after `moment`; infinity if it was not in time. */
  availableAfter(moment, milliseconds) {
    const isIt = ({ type, available, at }) => type === 'sample' && available && at > moment
    return this.#next(isIt, milliseconds).then((sample) => sample?.at ?? Number.POSITIVE_INFINITY)
  }

  async measure() {
    this.tell('measure')
    await this.#next(({ type }) => type === 'memory', PATIENCE_MS)
  }

  /** Ends the calls, lets Redis catch up, and tells what it still lacks. */
  async finish() {
    this.tell('finish')
    const finished = await this.#next(({ type }) => type === 'finished', PATIENCE_MS)
    return finished ?? { pending: Number.NaN, metrics: {} }
  }

  /** Says how the process ended: 0, unless something is wrong. */
  async close() {
    this.tell('close')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS)
    const how = await this.#ended
    clearTimeout(timer)
    return how
  }

  kill() {
    this.#child.kill('SIGKILL')
  }

  /** The next message or record that `isIt`, or undefined if none comes. */
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
    if (how !== 0) this.fatal.push(`the process ended with ${how}`)
    for (const waiting of this.#waiting) waiting.resolve()
  }

  get #lists() {
    return { call: this.calls, sample: this.samples, state: this.states, stall: this.stalls }
  }
}
