// What the processes of a run have written down of runs and locks: who did the work, for how long nobody else could have
// the key, and whether a lease may have ended before its work.

import { AFTERMATH_MS, calmTimes, EXPIRY_TOLERANCE_MS, firstAfter } from './timeline.mjs'

/** A lease ends by Redis's clock, and work is written down by ours. */
const LEASE_TOLERANCE_MS = 10
/** A process that is calm for so long can renew its leases. */
const CALM_MS = 100
/** A lease is renewed every third of it, so it lives without a renewal for at least so much of it. */
const SPARE_PART = 2 / 3

const processesOf = ({ former, clients }) => [...former, ...clients]

export const callsOf = (run) =>
  processesOf(run).flatMap((process) =>
    process.runs.map((call) => ({ ...call, process, client: process.name, op: call.kind })),
  )

/** Every key that was run, and every lock that was taken. */
export function keysOfRuns(run) {
  const records = processesOf(run).flatMap(({ runs, began }) => [...runs, ...began])
  const keys = records.map(({ kind, key, ttl, isBlocking }) => [key, { kind, key, ttl, isBlocking }])
  return [...new Map(keys).values()]
}

export function executionsOf(run) {
  return processesOf(run).flatMap((process) => {
    const [done, lost, calls] = [process.done, process.lost, process.runs].map(byToken)
    const troubles = new Troubles(process, run.windows)
    return process.began.map(
      (began) =>
        new Execution(run, process, troubles, {
          ...began,
          end: done.get(began.token)?.end,
          lostAt: lost.get(began.token)?.at,
          call: calls.get(began.token),
        }),
    )
  })
}

const byToken = (records) => new Map(records.map((record) => [record.token, record]))

/** One time that the work of a run or lock was done. */
export class Execution {
  #run
  #troubles

  constructor(run, process, troubles, written) {
    this.#run = run
    this.#troubles = troubles
    const { name, killedAt } = process
    Object.assign(this, written, { process, client: name, op: `${written.kind} executed`, answer: null })
    const isDone = written.end !== undefined
    this.end = written.end ?? killedAt
    this.isReleased = isDone && !written.isKept
    // Killed in the middle, or perhaps before its outcome was stored.
    this.isCutOff = written.call === undefined && !this.isReleased
  }

  /** Until when nobody else may do the work, as long as the lease is not lost. */
  get heldUntil() {
    const { asked, end, ttl, leaseMs, isBlocking, isCutOff } = this
    if (isCutOff) return Math.max(end, asked + (isBlocking ? ttl * 1_000 : leaseMs) - LEASE_TOLERANCE_MS)
    return this.isReleased ? end : end + ttl * 1_000 - EXPIRY_TOLERANCE_MS
  }

  /** When its end was certainly in Redis; infinity if it may never be. */
  get settled() {
    if (!this.call) return Number.POSITIVE_INFINITY
    const { isFromRedis, end } = this.call
    return isFromRedis ? end : this.#troubles.calmAfter(end)
  }

  /**
   * Whether the lease may have ended by `time`, because the process stood still or could not reach Redis for as long as a
   * lease lives without a renewal. A run that blocks is not renewed.
   */
  mayHaveLostLease(time = this.end) {
    const lives = this.isBlocking ? this.ttl * 1_000 - (this.end - this.start) : this.leaseMs * SPARE_PART
    return this.#troubles.between(this.#claimed, Math.min(time, this.settled)) >= lives - CALM_MS
  }

  /** Whether Redis lost its data after this was asked for and before `time`. */
  mayBeForgotten(time) {
    return this.#run.losses.some(({ from, to }) => from < time && to > this.asked)
  }

  /** The earliest time of the claim: its deadline is `timeoutMs`, and goes on while the process stands still. */
  get #claimed() {
    const latest = this.start - this.#run.timeoutMs - CALM_MS
    return Math.max(this.asked, this.#troubles.beginning(latest))
  }
}

/** The times in which a process stood still, had no Redis, or may have got no reply. */
class Troubles {
  #calm
  #spans

  constructor(process, windows) {
    this.#calm = calmTimes(process)
    const gaps = this.#calm.slice(1).map((to, at) => ({ from: this.#calm[at], to }))
    const faults = windows.filter(({ targets }) => targets.includes(process.number))
    this.#spans = merged([
      ...gaps.filter(({ from, to }) => to - from > CALM_MS),
      ...faults.map(({ from, to }) => ({ from, to: to + AFTERMATH_MS })),
    ])
  }

  /** The milliseconds of trouble between two times. */
  between(start, end) {
    const part = ({ from, to }) => Math.max(0, Math.min(end, to) - Math.max(start, from))
    return this.#spans.reduce((sum, span) => sum + part(span), 0)
  }

  /** `time`, or when the trouble began that it is in. */
  beginning(time) {
    return this.#spans.find(({ from, to }) => from <= time && time <= to)?.from ?? time
  }

  calmAfter(time) {
    return firstAfter(this.#calm, time) ?? Number.POSITIVE_INFINITY
  }
}

function merged(spans) {
  const all = []
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else all.push({ from, to })
  }
  return all
}
