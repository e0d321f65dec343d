// A process that does work once for keys, in one of the ways.

import { setTimeout as pause } from 'node:timers/promises'

import { load } from './load.mjs'
import { serveParent, startProcess } from './processes.mjs'
import { ways } from './run-once.mjs'

const RETRY_MS = 50
const TURN_CALLS = 1024

/** Starts a process that is connected in the way of that name. */
export async function startRunner(way, address, leaseMs) {
  const runner = startProcess(import.meta.url)
  await runner.ask('connect', { way, address, leaseMs })
  return runner
}

let runOnce
/** The call that `begin` has started. */
let begun

/** Milliseconds that are comparable between the processes of a machine. */
const now = () => performance.timeOrigin + performance.now()

/** One call: what it got, and whether it did the work itself. */
async function call(key, workMs, onBegin = () => undefined) {
  const calledAt = now()
  let endedAt = null
  const answer = await runOnce(key, async () => {
    onBegin()
    if (workMs > 0) await pause(workMs)
    endedAt = now()
    return { by: `${process.pid}`, at: endedAt }
  }).then(answerOf, (error) => ({ is: 'error', text: error.code ?? error.constructor.name }))
  return { answer, executed: endedAt !== null, calledAt, endedAt, settledAt: now() }
}

/** A result, by its identity, or what else a call resolved to. */
const answerOf = (value) =>
  value?.by ? { is: 'result', text: `${value.by} ${value.at}` } : { is: 'other', text: JSON.stringify(value) }

serveParent(import.meta.url, {
  async connect({ way, address, leaseMs }) {
    // What the packages print of a lost connection or a missing setting is seen in what they answer.
    for (const method of ['log', 'warn', 'error']) console[method] = () => undefined
    runOnce = await ways[way].connect(address, leaseMs)
  },

  /** Makes `calls` calls for one key in one turn. */
  run: ({ key, workMs = 0, calls = 1 }) =>
    Promise.all(Array.from({ length: calls }, () => call(key, workMs))),

  /** Calls once for each key, one after the other. */
  async runEach({ keys }) {
    for (const key of keys) await call(key, 0)
  },

  /** Resolves once the work has begun, or the call has settled without it. */
  async begin({ key, workMs }) {
    await new Promise((resolve) => {
      begun = call(key, workMs, resolve)
      begun.then(resolve)
    })
  },

  end: () => begun,

  /** Calls until it does the work, or gets a result, or `limitMs` is over. `first` is what the first call got. */
  async persist({ key, limitMs }) {
    const end = now() + limitMs
    const first = await call(key, 0)
    let last = first
    while (!last.executed && last.answer.is !== 'result' && now() < end) {
      await pause(RETRY_MS)
      last = await call(key, 0)
    }
    return { first, last }
  },

  /** New work each time, which takes no time itself. */
  measure({ name, bytes, inFlight, milliseconds }) {
    const value = { url: 'x'.repeat(bytes - '{"url":""}'.length) }
    const once = async (number) => {
      // A way that stays in this process would never let the timer fire that ends the loops.
      if (number % TURN_CALLS === 0) await new Promise(setImmediate)
      return runOnce(`${name}-${number}`, () => value)
    }
    return load(once, inFlight, milliseconds)
  },
})
