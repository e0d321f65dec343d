// The section of the report about work done once for a key.

import { count, figure, median, quantile, table, times } from './figures.mjs'
import { BY_HAND, POLLING, ways } from './run-once.mjs'
import { idempotencyTargets } from './targets.mjs'

const about = `\`IdempotencyCache.run\` beside what people would use instead, each with its own store: ${BY_HAND} is \`SET NX\`, the work,
and \`SET\`, over HTTP; the other packages use Redis itself over TCP. @aws-lambda-powertools/idempotency is made for Lambda: it takes
the time that the context of Lambda names for the end of what is in progress, so it is given one, and is also tried without. Its
documentation names two clients; it uses that of \`redis\` unless "on GLIDE" says @valkey/valkey-glide. ${POLLING.split(',')[0]} is
tried with \`inProgressStrategy.wait\`, which is off by default; it has no lease.`

const aboutCost = `New keys, with 100 bytes of result and work that takes no time. Figures with an \`x\` are ratios to ${BY_HAND}. HTTP and TCP are
not alike: the gateway costs more than Redis itself.`

const aboutSent = `HTTP requests, or commands where there is no HTTP, and in brackets the number of commands in them. "Joined" is a duplicate
in the same process while the work takes a quarter of a second.`

const aboutSituations = (
  leaseMs,
) => `Two processes of each way, with a lease of ${count(leaseMs)} ms where the way can set one. "Executions" is how often the work was
called, a killed one included. A lost reply is one whose connection ends after Redis has executed the command: by a fault of the
gateway, or by a proxy in front of Redis.`

const aboutWaiting = `Two processes call at once with one key. The time is from the end of the work in the one, which then has to store the result, until the
other has it. Requests are those of the duplicate, its first included; they are commands for ${POLLING}. The other ways do not wait.`

/** `targetTable` is how the report writes targets. */
export function idempotencySection(results, targetTable) {
  const { leaseMs, cost, situations, waiting } = results
  return [
    about,
    '### A call with new work',
    aboutCost,
    costTable(cost.times),
    '### What is sent',
    aboutSent,
    sentTable(cost.sent),
    '### What happens when',
    aboutSituations(leaseMs),
    ...situations.map(({ name, outcomes }) => `#### ${capitalized(name)}\n\n${situationTable(outcomes)}`),
    '### A duplicate in another process',
    aboutWaiting,
    waitingTable(waiting, cost.sent),
    '### Targets of work done once',
    targetTable(idempotencyTargets(results)),
  ]
}

const capitalized = (text) => text[0].toUpperCase() + text.slice(1)

const FIELDS = { opsPerSecond: 'calls/s', p50: 'p50 us', p99: 'p99 us', cpu: 'CPU us' }

function costTable(measured) {
  const rows = measured.flatMap(({ inFlight, ways: figures }) =>
    Object.entries(figures).map(([way, of]) => [
      `${inFlight} ${way}`,
      ...Object.keys(FIELDS).flatMap((field) => [
        figure(of[field]),
        times(of[field] / figures[BY_HAND][field]),
      ]),
    ]),
  )
  return table(['in flight, way', ...Object.values(FIELDS).flatMap((name) => [name, ''])], rows)
}

function sentTable(sent) {
  const rows = Object.entries(sent).map(([way, kinds]) => [
    way,
    ...Object.values(kinds).map(({ requests, commands }) =>
      ways[way].store === 'http' ? `${figure(requests)} (${figure(commands)})` : figure(commands),
    ),
  ])
  return table(['way', 'new', 'repeated', 'joined'], rows)
}

function situationTable(outcomes) {
  const rows = Object.entries(outcomes).map(([way, { executions, answers }]) => [
    way,
    figure(executions),
    answers,
  ])
  return table(['way', 'executions', 'answers'], rows, [0, 2])
}

function waitingTable(waiting, sent) {
  const rows = waiting.flatMap(({ workMs, ways: measured }) =>
    Object.entries(measured).map(([way, rounds]) => {
      const delays = rounds.map(({ delayMs }) => delayMs)
      const sum = (field) => rounds.reduce((total, round) => total + round[field], 0)
      // What the runner has sent is no part of it.
      const unit = ways[way].store === 'http' ? 'requests' : 'commands'
      const asked = sum(unit) - sent[way].first[unit] * rounds.length
      return [
        `${workMs} ms of work, ${way}`,
        ...[median(delays), quantile(delays, 0.95), Math.max(...delays)].map(figure),
        figure(asked / rounds.length),
        figure(asked / (sum('waitedMs') / 1000)),
      ]
    }),
  )
  const head = ['', 'median, ms', 'p95, ms', 'slowest, ms', 'requests', 'requests per second waited']
  return table(head, rows)
}
