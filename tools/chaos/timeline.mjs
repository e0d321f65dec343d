// The timeline of faults: drawn beforehand, so that a seed repeats it, and looked up by the checks. Every kind comes once
// before any comes again.

import { setTimeout as pause } from 'node:timers/promises'

import { now } from './clock.mjs'
import { kinds } from './faults.mjs'

/** The deadline for a client to recover. Probes are at most 15 s apart. */
const RECOVERY_LIMIT_MS = 17_000

/** An endless list of faults of the kinds in `only`. */
export function* steps(random, only, clients) {
  for (;;) {
    for (const kind of random.shuffled(only)) {
      const drawn =
        kinds[kind].isShared || random.once(4) ? [...Array(clients).keys()] : [random.between(0, clients - 1)]
      const targets = kinds[kind].targets ?? drawn
      const milliseconds = random.once(8) ? random.between(1_500, 3_000) : random.between(50, 900)
      // Without a pause the fault hits clients that are still recovering from the one before.
      const calm = random.once(3) ? random.between(0, 60) : random.between(200, 600)
      yield { kind, targets, milliseconds, calm, waits: calm >= 200, random: random.fork() }
    }
  }
}

/** Injects faults until `seconds` are over. `run.windows` keeps when each was in force, and for whom. */
export async function injectFaults(run, seconds) {
  const end = now() + seconds * 1_000
  for (;;) {
    // A fault that does not fit into the first part of the run is the first of the second part.
    run.pending ??= run.steps.next().value
    const step = run.pending
    nextStep(run)
    await pause(step.calm)
    if (now() + step.milliseconds > end) break
    run.pending = undefined
    const window = await oneFault(run, step)
    if (step.waits) await recover(run, window)
  }
}

/** Starts new counters before, during and after a fault, so that each fault affects few counters. */
function nextStep(run) {
  run.step += 1
  for (const client of run.clients) client.send('step', { number: run.step })
}

async function oneFault(run, { kind, targets, milliseconds, random }) {
  // Listed before it starts, because the machine may stall at any point.
  const { isClean } = kinds[kind]
  const window = {
    kind,
    targets,
    isClean,
    from: now(),
    inForce: Number.POSITIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
  }
  run.windows.push(window)
  const end = await kinds[kind].apply(run, targets, random)
  window.inForce = now()
  nextStep(run)
  await pause(milliseconds)
  await end()
  window.to = now()
  return window
}

async function recover(run, window) {
  const back = await Promise.all(
    run.clients.map((client) => client.settledAfter(window.to, RECOVERY_LIMIT_MS)),
  )
  run.recoveries.push(...back.map((at) => ({ milliseconds: at - window.to, kind: window.kind })))
}

/** Within this time of its expiry an entry may exist or not. */
export const EXPIRY_TOLERANCE_MS = 1_000
/** How long a client may take to detect closed connections. */
export const AFTERMATH_MS = 250

/** When all that a process had acknowledged was in Redis. */
export function calmTimes({ samples }) {
  return samples.filter(({ available, pending }) => available && pending === 0).map(({ at }) => at)
}

/** The first of the ascending `times` that is after `time`. */
export function firstAfter(times, time) {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle] > time) high = middle
    else low = middle + 1
  }
  return times[low]
}

/** The milliseconds from `start` to `end` without the stalls of a process. */
export function withoutStalls({ stalls }, { start, end }) {
  const stalled = ({ from, to }) => Math.max(0, Math.min(end, to) - Math.max(start, from))
  return stalls.reduce((left, stall) => left - stalled(stall), end - start)
}

/** Which faults affected a call. */
export class Timeline {
  #run
  #calm

  constructor(run) {
    this.#run = run
    this.#calm = run.clients.map(calmTimes)
  }

  /** When everything that a client had acknowledged by `time` was in Redis. */
  settled(client, time) {
    return firstAfter(this.#calm[client], time) ?? this.#run.finishedAt
  }

  /** Whether Redis may have executed a call, or its replay, unknown to the client. */
  isAmbiguous(call) {
    if (this.#tookTooLong(call)) return true
    const until = this.settled(call.client, call.end)
    return this.#run.windows.some(
      (window) =>
        window.targets.includes(call.client) && window.from < until && ambiguousUntil(window) > call.start,
    )
  }

  /** Whether Redis certainly executed a call. */
  hasReachedRedis(call) {
    if (!call.before || !call.after || this.#tookTooLong(call)) return false
    return !this.#run.windows.some(
      ({ targets, from, to }) =>
        targets.includes(call.client) && from < call.end && to + AFTERMATH_MS > call.start,
    )
  }

  /** How long a call took, without stalls of its process. */
  milliseconds(call) {
    return withoutStalls(this.#run.clients[call.client], call)
  }

  #tookTooLong({ start, end }) {
    return end - start >= this.#run.timeoutMs
  }
}

/** A clean fault only makes calls ambiguous that were in flight when it began. */
function ambiguousUntil({ isClean, inForce, to }) {
  return (isClean ? inForce : to) + AFTERMATH_MS
}
