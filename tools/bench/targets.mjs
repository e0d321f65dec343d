// The targets of the package, and whether this run reached them.

import { PACKAGE, PEER, TCP_CLIENTS } from './clients.mjs'
import { figure, times } from './figures.mjs'
import { IN_A_ROW, RATELIMIT, SHARED } from './limiters.mjs'
import { SWEPT_MAP } from './memory.mjs'
import { BY_HAND } from './run-once.mjs'
import { EXPRESS, ON_IOREDIS, ON_PEER } from './session-stores.mjs'

const limits = {
  'at most': (measured, limit) => measured <= limit,
  'at least': (measured, limit) => measured >= limit,
  'less than': (measured, limit) => measured < limit,
}

/** One row: what was measured, and the limit it is compared with. */
function row(what, measured, bound, limit, show = figure) {
  const reached = Number.isFinite(measured) ? limits[bound](measured, limit) : null
  return { what, wanted: `${bound} ${show(limit)}`, measured: show(measured), reached }
}

const ratioRow = (what, measured, bound, limit) => row(what, measured, bound, limit, times)
const inUnit = (unit) => (number) => (Number.isFinite(number) ? `${figure(number)} ${unit}` : '-')

export function targets({ load, memory, startUp, flows, leak }) {
  return [
    ...loadTargets(load),
    ...memoryTargets(memory),
    ...startUpTargets(startUp),
    ...leakTargets(leak),
    ...flowTargets(flows),
  ]
}

/** Ratios of redlatch to another client for values of 100 bytes. */
function comparison(load, transport, inFlight) {
  const { clients, wrk } = load.find(
    (setting) =>
      setting.transport === transport &&
      setting.kind === 'GET' &&
      setting.bytes === 100 &&
      setting.inFlight === inFlight,
  )
  const ratio = (field, other = PEER) => clients.redlatch[field] / clients[other][field]
  return { clients, wrk, ratio }
}

function loadTargets(load) {
  const [one, many, most] = [1, 64, 512].map((inFlight) => comparison(load, 'http', inFlight))
  const [oneTls, manyTls] = [1, 64].map((inFlight) => comparison(load, 'tls', inFlight))
  const overTcp = Math.min(...TCP_CLIENTS.map((name) => most.ratio('opsPerSecond', name)))
  const overWrk = one.wrk ? one.clients.redlatch.p50 / one.wrk.p50 : Number.NaN
  return [
    ratioRow('in flight 1: p50', one.ratio('p50'), 'at most', 0.45),
    ratioRow('in flight 1: main-thread active', one.ratio('active'), 'at most', 0.09),
    ratioRow('in flight 64: throughput', many.ratio('opsPerSecond'), 'at least', 3.5),
    ratioRow('in flight 64: main-thread active', many.ratio('active'), 'at most', 0.12),
    ratioRow('in flight 512: throughput', most.ratio('opsPerSecond'), 'at least', 1.8),
    ratioRow('in flight 512: main-thread active', most.ratio('active'), 'at most', 0.33),
    ratioRow('in flight 512: process CPU', most.ratio('cpu'), 'at most', 0.4),
    ratioRow('in flight 512: throughput against the best TCP client', overTcp, 'at least', 2.5),
    ratioRow('TLS, in flight 1: main-thread active', oneTls.ratio('active'), 'at most', 0.06),
    ratioRow('TLS, in flight 64: main-thread active', manyTls.ratio('active'), 'at most', 0.1),
    ratioRow('in flight 1: p50 against wrk', overWrk, 'at most', 1.4),
    ...cpuTargets(load),
  ]
}

/** The worst ratio of all settings. */
function cpuTargets(load) {
  const ratios = load.map(({ clients, transport, kind, bytes, inFlight }) => ({
    ratio: clients.redlatch.cpu / clients[PEER].cpu,
    where: `${transport}, ${kind}, ${bytes} bytes, in flight ${inFlight}`,
  }))
  const worst = ratios.reduce((one, other) => (other.ratio > one.ratio ? other : one))
  return [ratioRow(`process CPU at every level; nearest: ${worst.where}`, worst.ratio, 'less than', 1)]
}

function memoryTargets(memory) {
  const of = (call, entries) => memory.find((time) => time.call === call && time.entries === entries).stores
  const timesOf = (call) => memory.filter((time) => time.call === call).map(({ stores }) => stores.redlatch)
  const rows = ['get', 'set'].flatMap((call) => {
    const { redlatch, [SWEPT_MAP]: swept } = of(call, 10_000)
    const spread = Math.max(...timesOf(call)) / Math.min(...timesOf(call))
    return [
      ratioRow(
        `memory, 10,000 entries: ${call} faster than the swept Map`,
        swept / redlatch,
        'at least',
        100,
      ),
      ratioRow(`memory, 10 to 1,000,000 entries: ${call}, slowest to fastest`, spread, 'at most', 2),
    ]
  })
  return [row('memory, 10,000 entries: get', of('get', 10_000).redlatch, 'at most', 1, inUnit('us')), ...rows]
}

function startUpTargets({ addonBytes, packages: { redlatch, [PEER]: peer } }) {
  return [
    row('addon, stripped', addonBytes / 1e6, 'at most', 3.5, inUnit('MB')),
    row('require, warm', redlatch.requireMs, 'at most', 5, inUnit('ms')),
    ratioRow('require, warm, against the peer', redlatch.requireMs / peer.requireMs, 'less than', 1),
    row('threads started by require', redlatch.addedThreads, 'at most', 0),
  ]
}

function leakTargets(leak) {
  return (leak ?? [{ store: 'either store', calls: 1_000_000 }]).map(
    ({ store, calls, beforeMb, afterMb }) => {
      const what = `growth over ${calls.toLocaleString('en-US')} calls, ${store}`
      return row(what, afterMb - beforeMb, 'at most', 5, inUnit('MB'))
    },
  )
}

function flowTargets(flows) {
  return flows.flatMap(({ flow, clients: { redlatch, [PEER]: peer } }) => [
    ratioRow(`${flow}: requests`, redlatch.requests / peer.requests, 'at most', 0.5),
    ratioRow(`${flow}: time`, redlatch.milliseconds / peer.milliseconds, 'at most', 0.6),
  ])
}

const SHORT_WORK_MS = 1000

/** The targets of work done once. They are in its section. */
export function idempotencyTargets({ cost: { times, sent }, waiting }) {
  const ratioOf = (inFlight, field) => {
    const { ways } = times.find((time) => time.inFlight === inFlight)
    return ways[PACKAGE][field] / ways[BY_HAND][field]
  }
  const { first, repeated, joined } = sent[PACKAGE]
  const delays = waiting
    .filter(({ workMs }) => workMs < SHORT_WORK_MS)
    .flatMap(({ ways }) => ways[PACKAGE].map(({ delayMs }) => delayMs))
  const slowest = `a duplicate in another process has the result, after the end of work under a second: slowest of ${delays.length}`
  return [
    ratioRow('in flight 1: p50 against by hand', ratioOf(1, 'p50'), 'at most', 0.6),
    ratioRow('in flight 64: throughput against by hand', ratioOf(64, 'opsPerSecond'), 'at least', 2),
    row('requests: claim and finish', first.requests, 'at most', 2),
    row('requests: replay', repeated.requests, 'at most', 1),
    row('requests: join in one process', joined.requests, 'at most', 0),
    row(slowest, Math.max(...delays), 'at most', 150, inUnit('ms')),
  ]
}

/** The commands of a request that is admitted and of one that is denied. */
const MOST_COMMANDS = { fixedWindow: [3, 2], slidingWindow: [3, 2], tokenBucket: [4, 2] }

/** The targets of rate limits. They are in their section. */
export function rateLimitTargets({ times, sent, together, denied }) {
  const figuresOf = (name, inFlight, algorithm) =>
    times.find((row) => row.name === name && row.inFlight === inFlight && row.algorithm === algorithm).figures
  const ratios = (inFlight, field) =>
    SHARED.map(
      (algorithm) =>
        figuresOf(PACKAGE, inFlight, algorithm)[field] / figuresOf(RATELIMIT, inFlight, algorithm)[field],
    )
  const commands = Object.entries(MOST_COMMANDS).flatMap(([algorithm, [admitted, refused]]) => {
    const of = sent.find((row) => row.name === PACKAGE && row.algorithm === algorithm).sent
    const worst = Math.max(of.first.executed, of.later.executed)
    return [
      row(`commands: ${algorithm}, admitted`, worst, 'at most', admitted),
      row(`commands: ${algorithm}, denied`, of.denied.executed, 'at most', refused),
    ]
  })
  const [ours, theirs] = [PACKAGE, IN_A_ROW].map((way) => together.find((one) => one.way === way))
  const known = denied.find(({ name }) => name === PACKAGE)
  const inRow = 'four limits together, against one after the other'
  return [
    ratioRow('in flight 1: p50, worst of three algorithms', Math.max(...ratios(1, 'p50')), 'at most', 0.5),
    ratioRow('in flight 1: main-thread active, worst', Math.max(...ratios(1, 'active')), 'at most', 0.15),
    ratioRow('in flight 64: throughput, worst', Math.min(...ratios(64, 'opsPerSecond')), 'at least', 2),
    ...commands,
    row('four limits together: requests', ours.requests, 'at most', 1),
    ratioRow(`${inRow}: time`, ours.milliseconds / theirs.milliseconds, 'at most', 0.4),
    row('certain to be denied: requests', known.requests, 'at most', 0),
    row('certain to be denied: time', known.microseconds, 'at most', 1, inUnit('us')),
  ]
}

/** The targets of sessions. They are in their section. */
export function sessionTargets({ sent, times, revoked }) {
  const ratio = (name, peer, inFlight, field) => {
    const of = (wanted) =>
      times.find((row) => row.name === wanted && row.inFlight === inFlight).figures[field]
    return of(name) / of(peer)
  }
  const calls = ['get', 'update', 'touch'].flatMap((call) => {
    const { withIfeq, without } = sent.find((row) => row.call === call)
    return [
      row(`requests: ${call}`, Math.max(withIfeq.requests, without.requests), 'at most', 1),
      row(`commands: ${call}`, withIfeq.sent, 'at most', 1),
      row(`commands: ${call}, without IFEQ`, without.executed, 'at most', call === 'update' ? 3 : 1),
    ]
  })
  const against = [PACKAGE, EXPRESS].flatMap((name) => [
    ratioRow(
      `in flight 64, ${name}: throughput`,
      ratio(name, ON_IOREDIS, 64, 'opsPerSecond'),
      'at least',
      1.5,
    ),
    ratioRow(
      `in flight 64, ${name}: main-thread active`,
      ratio(name, ON_IOREDIS, 64, 'active'),
      'at most',
      0.3,
    ),
    ratioRow(`in flight 1, ${name}: p50 against ${ON_PEER}`, ratio(name, ON_PEER, 1, 'p50'), 'at most', 0.5),
  ])
  const ended = revoked.filter(({ name }) => name === PACKAGE).map(({ figures }) => figures)
  const spread = ended.map(({ milliseconds }) => milliseconds / ended[0].milliseconds)
  return [
    ...calls,
    ...against,
    row('destroyAll: commands', Math.max(...ended.map(({ executed }) => executed)), 'at most', 1),
    ratioRow('destroyAll: time, against that of 1 session', Math.max(...spread), 'at most', 1.2),
  ]
}
