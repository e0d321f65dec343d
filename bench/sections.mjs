// The parts of the report that show figures.

import { TOGETHER } from './flows.mjs'
import { PEER } from './plan.mjs'
import { figure, table, times } from './table.mjs'
import { targets } from './targets.mjs'

const TRANSPORTS = { http: 'HTTP', tls: 'HTTPS' }
const count = (number) => number.toLocaleString('en-US')

/** The settings that differ in nothing but the calls in flight share a table. */
export function loadSections(load) {
  const groups = new Map()
  for (const setting of load) {
    const title = titleOf(setting)
    groups.set(title, [...(groups.get(title) ?? []), setting])
  }
  return [...groups].map(([title, settings]) => `### ${title}\n\n${loadTable(settings)}`)
}

const titleOf = ({ transport, kind, bytes }) => `${kind}, ${count(bytes)} bytes, ${TRANSPORTS[transport]}`

function loadTable(settings) {
  const head = ['in flight, client', 'ops/s', '', 'p50 us', '', 'p99 us', '']
  const more = ['active us', '', 'CPU us', '', 'resident MB', 'requests/call']
  return table([...head, ...more], settings.flatMap(loadRows))
}

function loadRows({ inFlight, clients, wrk }) {
  const rows = Object.entries(clients).map(([name, figures]) => {
    const withRatio = (field) => [figure(figures[field]), times(figures[field] / clients[PEER][field])]
    return [
      `${inFlight} ${name}`,
      ...['opsPerSecond', 'p50', 'p99', 'active', 'cpu'].flatMap(withRatio),
      figure(figures.residentMb),
      // Who talks to Redis directly makes no HTTP request.
      figures.requests > 0 ? figure(figures.requests) : '-',
    ]
  })
  if (!wrk) return rows
  const ratio = (field) => [figure(wrk[field]), times(wrk[field] / clients[PEER][field])]
  return [
    ...rows,
    [`${inFlight} wrk`, ...['opsPerSecond', 'p50', 'p99'].flatMap(ratio), ...Array(5).fill('-'), '1'],
  ]
}

export function memorySection(memory) {
  const stores = Object.keys(memory[0].stores)
  return table(
    ['call, live entries', ...stores.map((name) => `${name}, us`)],
    memory.map((row) => [
      `${row.call}, ${count(row.entries)}`,
      ...stores.map((name) => figure(row.stores[name])),
    ]),
  )
}

export function startUpSection({ addonBytes, packages }) {
  const rows = Object.entries(packages).map(([name, start]) => [
    name,
    ...[start.requireMs, start.residentMb, start.addedMb, start.addedThreads, start.firstGetMs].map(figure),
  ])
  const head = [
    '',
    'require, ms',
    'resident MB after',
    'of that new',
    'threads started',
    'to the first GET, ms',
  ]
  return `${table(head, rows)}\n\nThe stripped addon has ${count(addonBytes)} bytes.`
}

export function flowSection(flows) {
  const head = ['flow, client', 'requests', '', 'ms', '']
  const rows = flows.flatMap(({ flow, clients }) =>
    Object.entries(clients).map(([name, { requests, milliseconds }]) => [
      `${flow}: ${name}`,
      figure(requests),
      times(requests / clients[PEER].requests),
      figure(milliseconds),
      times(milliseconds / clients[PEER].milliseconds),
    ]),
  )
  // The third way differs in one flow only.
  const isTold = ([name]) => !name.endsWith(TOGETHER) || name.startsWith('new customer')
  return table(head, rows.filter(isTold))
}

export function leakSection(leak) {
  if (!leak) return 'Not measured in a quick run.'
  return table(
    ['store', 'calls', 'resident MB before', 'after', 'growth'],
    leak.map(({ store, calls, beforeMb, afterMb }) => [
      store,
      count(calls),
      figure(beforeMb),
      figure(afterMb),
      figure(afterMb - beforeMb),
    ]),
  )
}

export function targetSection(results) {
  const words = new Map([
    [true, 'reached'],
    [false, 'not reached'],
    [null, 'not measured'],
  ])
  return table(
    ['to reach', 'wanted', 'measured', ''],
    targets(results).map(({ what, wanted, measured, reached }) => [
      what,
      wanted,
      measured,
      words.get(reached),
    ]),
  )
}
