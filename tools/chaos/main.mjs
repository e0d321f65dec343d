// Injects faults between three processes that use the package and Redis, and checks that every promise holds. The addon
// and the gateway have to be built: `npm run chaos` does that. Options: --seconds (60), --seed, and --only with kinds
// of faults. Ends with status 1 if a promise was broken.

import { parseArgs } from 'node:util'

import { kinds } from './faults.mjs'
import { runChaos } from './run.mjs'

/** The violations of each promise that are shown. */
const SHOWN = 3

function report({ figures, windows, recoveries, clients, violations }) {
  const metrics = clients.map(({ finished }) => finished.metrics)
  const recovery = Math.max(0, ...recoveries.map(({ milliseconds }) => milliseconds))
  const stall = Math.max(0, ...clients.flatMap(({ stalls }) => stalls.map(({ from, to }) => to - from)))
  const lines = [
    ['calls', `${figures.calls}, of them ${figures.degradedCalls} while degraded`],
    ['faults', faults(windows)],
    ['longest call', `${figures.longestCall.toFixed(0)} ms`],
    ['longest stall of a client', `${stall.toFixed(0)} ms, with freezes; not part of a call's time`],
    ['p99 while degraded', `${figures.degradedP99.toFixed(1)} ms`],
    ['longest recovery after a fault', `${recovery.toFixed(0)} ms`],
    ['writes replayed', total(metrics, 'replayed')],
    ['dropped as expired', total(metrics, 'droppedAsExpired')],
    ['conflicts', total(metrics, 'conflicts')],
    ['retries', total(metrics, 'retries')],
    ['claims granted', figures.grants],
    [
      'runs and locks',
      `${figures.runCalls}, done ${figures.executions} times, ${figures.certainExecutions} granted by Redis`,
    ],
    ['done with a fence', figures.fences],
    ['cut off, leases lost', `${figures.cutOff}, ${figures.leasesLost}`],
    ['outcomes still to be there', figures.acknowledged],
    [
      'sessions',
      `${figures.sessions}, ${figures.sessionCalls} calls, ${figures.sessionReads} reads answered by Redis`,
    ],
    ['changes to be there', figures.changesToBeThere],
    ['ended in an outage', figures.endsInOutages],
    [
      'one-time data',
      `${figures.entries}, ${figures.takings} taken, ${figures.takingsOfMemory} without Redis, ${figures.takenTwice} twice`,
    ],
    ['verdicts of Redis', `${figures.verdicts}, ${figures.rejected} calls rejected`],
    [
      'counters',
      `${figures.counters}, ${figures.exactCounters} without ambiguity; ${figures.certain} of ${figures.asked} counts certain`,
    ],
    ['lost', `${figures.lost} of ${figures.ownKeys} keys, ${figures.countsLost} counts`],
    ['resident memory', clients.map(({ memory }) => memory.map(megabytes).join(' to ')).join('; ')],
    ['violations', violations.length],
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return [...broken(violations), ...lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`)]
}

function broken(violations) {
  const titles = [...new Set(violations.map(({ title }) => title))]
  return titles.flatMap((title) => {
    const all = violations.filter((one) => one.title === title)
    const shown = all.slice(0, SHOWN).map(({ text }) => text)
    return [`Broken: ${title} (${all.length} times)`, ...shown]
  })
}

function faults(windows) {
  const counts = {}
  for (const { kind } of windows) counts[kind] = (counts[kind] ?? 0) + 1
  const byKind = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`)
  return `${windows.length} (${byKind.sort().join(', ')})`
}

function total(metrics, name) {
  const numbers = metrics.map((one) => one[name]).filter((number) => number !== undefined)
  return numbers.length === 0 ? 'unknown' : numbers.reduce((sum, number) => sum + number, 0)
}

const megabytes = (number) => `${number.toFixed(1)} MB`

/** The length of the run, the seed of all its choices, and the kinds of faults. Throws for an unknown option. */
function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seconds: text, seed: text, only: text } })
  const seconds = wholeNumber('seconds', values.seconds ?? '60')
  if (seconds === 0) throw new Error('--seconds must be at least 1')
  const seed = wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 32))
  return { seconds, seed, kinds: values.only ? someKinds(values.only.split(',')) : Object.keys(kinds) }
}

function wholeNumber(name, text) {
  const number = Number(text)
  if (text === '' || !Number.isInteger(number) || number < 0 || number >= 2 ** 32) {
    throw new Error(`--${name} takes a whole number below 2^32`)
  }
  return number
}

function someKinds(names) {
  const unknown = names.find((name) => !Object.hasOwn(kinds, name))
  if (unknown === undefined) return names
  throw new Error(`--only takes kinds of faults: ${Object.keys(kinds).join(', ')}; not ${unknown}`)
}

const options = readOptions()
const seed = `seed ${options.seed}, ${options.seconds} s`
console.log(seed)
const run = await runChaos(options)
console.log(report(run).join('\n'))
console.log(seed)
process.exitCode = run.violations.length === 0 ? 0 : 1
