// The report of a run, which is also RESULTS.md: measurements, how they were made, and on what machine.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

import { root } from '../../scripts/setup.mjs'
import { OTHER_BUILD, PACKAGE, PEER, TCP_CLIENTS } from './clients.mjs'
import { count, figure, table, times } from './figures.mjs'
import { TOGETHER } from './flows.mjs'
import { idempotencySection } from './idempotency-section.mjs'
import { RATE_LIMIT_PACKAGES } from './limiters.mjs'
import { rateLimitSection } from './rate-limits-section.mjs'
import { IDEMPOTENCY_PACKAGES } from './run-once.mjs'
import { SESSION_PACKAGES } from './session-stores.mjs'
import { sessionSection } from './sessions-section.mjs'
import { targets } from './targets.mjs'

const TRANSPORTS = { http: 'HTTP', tls: 'HTTPS' }
const MEASURED = new Map([
  [true, 'reached'],
  [false, 'not reached'],
  [null, 'not measured'],
])

const method = `Made by \`npm run bench\`. Redis, the gateway of this repository (release build) and the clients run on one machine over
loopback, so the servers' work is part of every figure. Figures with an \`x\` are ratios to ${PEER} in the same run.

Each client has its own process, and only one works at a time. In every round each client is measured in turn; a figure
is the median of the rounds. "In flight 64" means 64 loops, each of which awaits its call before the next. "Active" is
the time for which the main thread was busy (\`performance.eventLoopUtilization\`), "CPU" that of all threads of the
process (\`process.cpuUsage\`), both per call. The gateway counts the requests.

redlatch and ${PEER} use the gateway; ${TCP_CLIENTS.join(', ')} use Redis itself over TCP. All
have their defaults: ${PEER} pipelines the calls of one turn and parses every value that is JSON. The values are
JSON texts with one long string. The "mix of the caches" is reads and writes of all three caches in turn; the other
clients send the same commands, with JSON by hand. With 100 bytes, a form or a customer is longer than that, because of
its fields.`

const aboutMemory = `Microseconds a call, awaited one by one, with entries that do not expire meanwhile. The Map is swept for expired entries on
every call; lru-cache is behind an asynchronous function. The time includes making the key.`

const aboutStartUp = `Medians of new processes. "To the first GET" is \`require\`, connecting and one completed GET.`

const aboutFlows = `Whole flows of the examples, one after the other, with 3 ms of delay added to each request by the gateway. With redlatch,
writes that do not depend on one another are called in one turn, as in examples/demo. With ${PEER} each step is
awaited, and marking a form is a read and a write. For the one flow where calls can be made in one turn, the last row
shows that.`

/** The parts of a run: the heading of each, and its text. */
const sections = {
  load: ['Calls in flight', (load) => loadSections(load)],
  memory: ['Memory mode', (memory) => [aboutMemory, memoryTable(memory)]],
  startUp: ['Start-up', (startUp) => [aboutStartUp, startUpTable(startUp)]],
  flows: ['Flows', (flows) => [aboutFlows, flowTable(flows)]],
  idempotency: ['Work done once', (idempotency) => idempotencySection(idempotency, targetTable)],
  'rate-limits': ['Rate limits', (rateLimits) => rateLimitSection(rateLimits, targetTable)],
  sessions: ['Sessions', (sessions) => sessionSection(sessions, targetTable)],
  leak: ['Resident memory', (leak) => [leakTable(leak)]],
}

export const PARTS = Object.keys(sections)

export function report(results, machine) {
  return [
    '# Results',
    method,
    table(['', ''], machine),
    ...PARTS.map((part) => section(part, results)),
    '## Targets',
    `GET of 100 bytes, against ${PEER} where no other client is named.`,
    targetTable(targets(results)),
  ].join('\n\n')
}

function section(part, results, about = []) {
  const [heading, write] = sections[part]
  return [`## ${heading}`, ...about, ...write(results[part])].join('\n\n')
}

/** The section of one part that was measured alone, which it says. */
export function sectionAlone(part, results, machine) {
  const about = 'Measured alone; the other sections are from the run that the top of this file names.'
  return section(part, results, [about, table(['', ''], machine)])
}

/** An earlier report with a new section for one part. */
export function withSection(earlier, part, section) {
  const blocks = earlier.trimEnd().split(/\n\n(?=## )/)
  const place = blocks.findIndex((block) => isOf(block, part))
  if (place >= 0) return blocks.with(place, section).join('\n\n')
  // It comes before the first of those that follow it.
  const later = PARTS.slice(PARTS.indexOf(part) + 1)
  const next = blocks.findIndex((block) => later.some((other) => isOf(block, other)))
  return blocks.toSpliced(next, 0, section).join('\n\n')
}

const isOf = (block, part) => block.startsWith(`## ${sections[part][0]}\n`)

/** This build and another one, measured in the same run. Ratios are this build to the other. */
export function comparison({ load, memory }) {
  const ratio = (of) => times(of[PACKAGE] / of[OTHER_BUILD])
  const pair = (of) => [figure(of[PACKAGE]), figure(of[OTHER_BUILD]), ratio(of)]
  const loadRows = load.flatMap(({ kind, inFlight, clients }) =>
    ['opsPerSecond', 'p50', 'active', 'cpu'].map((field) => [
      `${kind}, ${inFlight} in flight: ${HEADS[field]}`,
      ...pair({ [PACKAGE]: clients[PACKAGE][field], [OTHER_BUILD]: clients[OTHER_BUILD][field] }),
    ]),
  )
  const memoryRows = memory.map(({ call, entries, stores }) => [
    `memory ${call}, ${count(entries)} entries: us`,
    ...pair(stores),
  ])
  return table(['median', 'this build', 'other build', 'ratio'], [...loadRows, ...memoryRows])
}

const HEADS = { opsPerSecond: 'ops/s', p50: 'p50 us', p99: 'p99 us', active: 'active us', cpu: 'CPU us' }

/** Settings that only differ in the calls in flight share a table. */
function loadSections(load) {
  const groups = new Map()
  for (const setting of load) {
    const { transport, kind, bytes } = setting
    const title = `${kind}, ${count(bytes)} bytes, ${TRANSPORTS[transport]}`
    groups.set(title, [...(groups.get(title) ?? []), setting])
  }
  const head = Object.values(HEADS).flatMap((name) => [name, ''])
  return [...groups].map(([title, settings]) => {
    const rows = settings.flatMap(loadRows)
    return `### ${title}\n\n${table(['in flight, client', ...head, 'resident MB', 'requests/call'], rows)}`
  })
}

function loadRows({ inFlight, clients, wrk }) {
  const withRatio = (figures) => (field) => [
    figure(figures[field]),
    times(figures[field] / clients[PEER][field]),
  ]
  const rows = Object.entries(clients).map(([name, figures]) => [
    `${inFlight} ${name}`,
    ...Object.keys(HEADS).flatMap(withRatio(figures)),
    figure(figures.residentMb),
    // TCP clients make no HTTP requests.
    figures.requests > 0 ? figure(figures.requests) : '-',
  ])
  if (!wrk) return rows
  const figures = ['opsPerSecond', 'p50', 'p99'].flatMap(withRatio(wrk))
  return [...rows, [`${inFlight} wrk`, ...figures, ...Array(5).fill('-'), '1']]
}

function memoryTable(memory) {
  const stores = Object.keys(memory[0].stores)
  const rows = memory.map((row) => [
    `${row.call}, ${count(row.entries)}`,
    ...stores.map((name) => figure(row.stores[name])),
  ])
  return table(['call, live entries', ...stores.map((name) => `${name}, us`)], rows)
}

function startUpTable({ addonBytes, packages }) {
  const rows = Object.entries(packages).map(([name, start]) => [
    name,
    ...[start.requireMs, start.residentMb, start.addedMb, start.addedThreads, start.firstGetMs].map(figure),
  ])
  const memory = ['resident MB after', 'of that new']
  const head = ['', 'require, ms', ...memory, 'threads started', 'to the first GET, ms']
  return `${table(head, rows)}\n\nThe stripped addon has ${count(addonBytes)} bytes.`
}

function flowTable(flows) {
  const rows = flows.flatMap(({ flow, clients }) =>
    Object.entries(clients).map(([name, { requests, milliseconds }]) => [
      `${flow}: ${name}`,
      figure(requests),
      times(requests / clients[PEER].requests),
      figure(milliseconds),
      times(milliseconds / clients[PEER].milliseconds),
    ]),
  )
  // The third way only differs in one flow.
  const isShown = ([name]) => !name.endsWith(TOGETHER) || name.startsWith('new customer')
  return table(['flow, client', 'requests', '', 'ms', ''], rows.filter(isShown))
}

function leakTable(leak) {
  if (!leak) return 'Not measured in a quick run.'
  const rows = leak.map(({ store, calls, beforeMb, afterMb }) => [
    store,
    count(calls),
    ...[beforeMb, afterMb, afterMb - beforeMb].map(figure),
  ])
  return table(['store', 'calls', 'resident MB before', 'after', 'growth'], rows)
}

function targetTable(targets) {
  const rows = targets.map(({ what, wanted, measured, reached }) => [
    what,
    wanted,
    measured,
    MEASURED.get(reached),
  ])
  return table(['target', 'wanted', 'measured', ''], rows)
}

/** Rows that describe the machine and the versions. */
export function machine() {
  const processors = cpus()
  const packages = [
    ...[PEER, ...TCP_CLIENTS, 'lru-cache'],
    ...IDEMPOTENCY_PACKAGES,
    ...RATE_LIMIT_PACKAGES,
    ...SESSION_PACKAGES,
  ]
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['commit', commit()],
    ['processor', `${processors.length} x ${processors[0].model}`],
    ['memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['system', `${type()} ${release()}, ${process.arch}`],
    ['Node', process.version],
    ['Redis', firstMatch('redis-server', ['--version'], /v=(\S+)/)],
    ['wrk', firstMatch('wrk', ['-v'], /wrk (\S+)/)],
    ...packages.map((name) => [name, installedVersion(name)]),
  ]
}

function installedVersion(name) {
  // Not through `require`: most packages do not export their manifest.
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim()
  const hash = git('rev-parse', '--short', 'HEAD')
  if (!hash) return 'unknown'
  return git('status', '--porcelain', '--untracked-files=no') ? `${hash}, with changes` : hash
}

function firstMatch(program, args, pattern) {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return `${stdout}${stderr}`.match(pattern)?.[1] ?? 'not installed'
}
