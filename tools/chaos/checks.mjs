// Checks of the recorded calls of a run. model.mjs checks keys with a single writer.

import { RUNNER } from './client-process.mjs'
import { EXPIRY_TOLERANCE_MS } from './timeline.mjs'

const HISTORY = 12

/** A broken promise. `calls` are the calls on the same key, of which the last ones before `call` are shown. */
export function violation({ title, call, expected, calls = [] }) {
  const until = calls.filter(({ start }) => start <= call.end)
  const lines = [
    describe(call),
    `  expected ${expected}, got ${outcomeOf(call)}`,
    ...until.slice(-HISTORY).map((before) => `    ${describe(before)}`),
  ]
  return { title, text: lines.join('\n') }
}

function describe(call) {
  const { client, op, key, token, status, by, ttl, fence, except, start, end, before, after, isFromRedis } =
    call
  const state = after === undefined ? '' : ` [${stateName(before)} to ${stateName(after)}]`
  const numbers = [by && `by ${by}`, ttl && `for ${ttl} s`, fence && `fence ${fence}`]
  const what = [token, status, ...numbers, except && `but ${except}`].filter(Boolean).join(' ')
  const from = isFromRedis === false ? ' without Redis' : ''
  return `${at(start)} to ${at(end)} client ${client}${state} ${op} ${key} ${what} -> ${outcomeOf(call)}${from}`
}

const outcomeOf = ({ error, refusal, answer }) => error ?? refusal ?? JSON.stringify(answer ?? null)

const stateName = (isAvailable) => (isAvailable ? 'available' : 'degraded')

/** The last digits are enough within a run. */
const at = (time) => (time % 1e6).toFixed(0).padStart(6, '0')

/** The calls on each key, in the order given. */
export function byKey(calls) {
  const groups = new Map()
  for (const call of calls) {
    if (groups.has(call.key)) groups.get(call.key).push(call)
    else groups.set(call.key, [call])
  }
  return groups
}

export const SCHEDULING_MS = 100

/** Every call settles in time, and none rejects. */
export function checkCalls(run) {
  const calls = run.clients.flatMap((client) => client.calls)
  const timed = calls.map((call) => ({ call, milliseconds: run.timeline.milliseconds(call) }))
  const degraded = timed.filter(({ call }) => !call.before && !call.after)
  run.figures.calls = calls.length
  run.figures.degradedCalls = degraded.length
  run.figures.longestCall = timed.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0)
  run.figures.degradedP99 = percentile(
    degraded.map(({ milliseconds }) => milliseconds),
    0.99,
  )
  const limit = run.timeoutMs + SCHEDULING_MS
  const late = timed.filter(({ milliseconds }) => milliseconds > limit)
  const rejected = calls.filter(({ error }) => error !== undefined)
  return [
    ...late.map(({ call, milliseconds }) =>
      violation({
        title: 'calls settle in time',
        call,
        expected: `at most ${limit} ms, took ${milliseconds.toFixed(0)} ms`,
      }),
    ),
    ...rejected.map((call) => violation({ title: 'no call rejects', call, expected: 'an answer' })),
  ]
}

function percentile(numbers, part) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * part) - 1] ?? 0
}

/** A claim is never granted twice while it lives: not within a process, nor across processes that reach Redis. */
export function checkClaims(run) {
  const calls = run.clients.flatMap(({ calls }) => calls.filter(({ area }) => area === 'claim'))
  run.figures.grants = calls.filter(({ op, answer }) => op === 'claim' && answer).length
  return [...byKey(calls).values()].flatMap((ofKey) => {
    ofKey.sort((a, b) => a.start - b.start)
    return new Claims(run, ofKey).violations()
  })
}

class Claims {
  #run
  #calls
  #grants
  #releases

  constructor(run, calls) {
    this.#run = run
    this.#calls = calls
    this.#grants = calls.filter(({ op, answer }) => op === 'claim' && answer)
    this.#releases = calls
      .filter(({ op }) => op === 'release')
      .map((call) => ({ ...call, settled: this.#settled(call) }))
  }

  violations() {
    return this.#grants.flatMap((first, index) => {
      const later = this.#grants.slice(index + 1)
      const again =
        later.find((other) => this.#isGrantedTwiceByRedis(first, other)) ??
        later.find((other) => other.end < this.#certainUntil(first) && this.#isForbidden(first, other))
      if (!again) return []
      const expected = `no grant, because ${first.token} lives`
      return [violation({ title: 'a claim is granted once', call: again, expected, calls: this.#calls })]
    })
  }

  /** Both were answered by Redis, though perhaps only when a lost reply was looked up. */
  #isGrantedTwiceByRedis(first, other) {
    if (!isAnsweredByRedis(first) || !isAnsweredByRedis(other) || other.start <= first.end) return false
    const until = this.#certainUntil(first, (release) => !this.#endsOnlyItsOwn(release))
    return other.end < until
  }

  /**
   * Until when a claim certainly lives, if its own release and others for which `ends` holds can end it. A release that
   * memory acknowledged ends a claim when it is replayed.
   */
  #certainUntil({ start, ttl, token }, ends = () => true) {
    const releases = this.#releases.filter(
      (release) => release.settled >= start && (release.token === token || ends(release)),
    )
    const losses = this.#run.losses.filter(({ to }) => to >= start).map(({ from }) => from)
    const starts = releases.map((release) => release.start)
    return Math.min(start + ttl * 1_000 - EXPIRY_TOLERANCE_MS, ...starts, ...losses)
  }

  /**
   * Whether a release ended a claim that lived until then, so that it ends no later one: neither when it is sent again
   * because its reply was lost, nor when it is replayed. Only `del` is replayed whatever the key holds.
   */
  #endsOnlyItsOwn(release) {
    const own = this.#grants.find(({ token }) => token === release.token)
    if (!own || !isAnsweredByRedis(own)) return false
    if (release.kind === 'text' && !isAnsweredByRedis(release)) return false
    return release.end < this.#certainUntil({ ...own, token: undefined }, ({ token }) => token !== own.token)
  }

  #isForbidden(first, other) {
    const { timeline } = this.#run
    const isInRedis = timeline.hasReachedRedis(first)
    if (!isInRedis && this.#hasRival(first, other)) return false
    if (first.client === other.client) return true
    const known = isInRedis ? first.start : timeline.settled(first.client, first.end)
    return known < other.start && timeline.hasReachedRedis(other)
  }

  /** Whether the other process had a claim, so that this one may not be in Redis. */
  #hasRival(grant, until) {
    return this.#grants.some(
      ({ client, start, end, ttl }) =>
        client !== grant.client &&
        start <= until.end &&
        start < this.#run.timeline.settled(grant.client, grant.end) &&
        end + ttl * 1_000 + EXPIRY_TOLERANCE_MS >= grant.start,
    )
  }

  #settled(call) {
    const { timeline } = this.#run
    return timeline.hasReachedRedis(call) ? call.end : timeline.settled(call.client, call.end)
  }
}

const isAnsweredByRedis = ({ before, after, isFromRedis }) => before && after && isFromRedis

const COUNTED = 'counters count all increments'

/** No counter is above the sum of all increments, or below the sum of those that are not ambiguous. */
export async function checkCounters(run) {
  const calls = run.clients.flatMap((client) => client.calls.filter(({ area }) => area === 'counter'))
  const counters = [...byKey(calls)]
  const { texts } = await run.readAll(counters.map(([key]) => key))
  const lastLoss = Math.max(0, ...run.losses.map(({ to }) => to))
  run.figures.counters = counters.length
  Object.assign(run.figures, { exactCounters: 0, countsLost: 0, asked: 0, certain: 0 })
  return counters.flatMap(([key, ofKey], index) => {
    const most = sum(ofKey)
    const least = sum(ofKey.filter((call) => call.start > lastLoss && !run.timeline.isAmbiguous(call)))
    run.figures.asked += most
    run.figures.certain += least
    if (least === most) run.figures.exactCounters += 1
    const count = Number(texts[index] ?? 0)
    const tooMuch = firstTooHigh(ofKey)
    if (tooMuch) return [violation({ title: COUNTED, ...tooMuch, calls: ofKey })]
    if (count >= least && count <= most) return []
    if (count < least) run.figures.countsLost += least - count
    const call = { op: 'read', key, answer: count, start: run.finishedAt, end: run.finishedAt }
    return [violation({ title: COUNTED, call, expected: `${least} to ${most}`, calls: ofKey })]
  })
}

const sum = (calls) => calls.reduce((total, { by }) => total + by, 0)

/** The first result above the sum of the increments made by then. */
function firstTooHigh(calls) {
  const byStart = calls.toSorted((a, b) => a.start - b.start)
  let asked = 0
  let next = 0
  for (const call of calls.toSorted((a, b) => a.end - b.end)) {
    for (; next < byStart.length && byStart[next].start <= call.end; next += 1) asked += byStart[next].by
    if (call.answer > asked) return { call, expected: `at most ${asked}` }
  }
  return undefined
}

/** How much the memory kept by the allocators of V8 and the addon varies. */
const MEMORY_TOLERANCE_MB = 8

/** No client crashes or leaves a rejection unhandled; each recovers, drains, and keeps its memory level. */
export function checkProcesses(run) {
  const late = run.recoveries.filter(({ milliseconds }) => milliseconds === Number.POSITIVE_INFINITY)
  return [
    ...late.map(({ kind }) => ({ title: 'every client recovers', text: `one did not after ${kind}` })),
    ...run.former.flatMap(crashes),
    ...run.clients.flatMap((client) => ofClient(client, run)),
  ]
}

const crashes = ({ name, fatal }) =>
  fatal.map((text) => ({ title: 'no client crashes', text: `client ${name}: ${text}` }))

function ofClient(one, { timesMeasured }) {
  const { number, memory, finished, exit } = one
  const client = `client ${one.name}`
  const problems = crashes(one)
  if (exit !== 0) problems.push({ title: 'a client exits by itself', text: `${client} exited with ${exit}` })
  if (finished.pending !== 0) {
    problems.push({ title: 'all writes are replayed', text: `${client} has ${finished.pending} pending` })
  }
  // The runner may have started again meanwhile.
  if (number === RUNNER) return problems
  if (memory.length < timesMeasured || memory.at(-1) - memory[0] > MEMORY_TOLERANCE_MB) {
    const figures = memory.map((mb) => mb.toFixed(1)).join(', then ')
    problems.push({ title: 'memory stays level', text: `${client} had ${figures} MB` })
  }
  return problems
}
