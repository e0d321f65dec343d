// The section of the report about sessions.

import { PACKAGE, PEER } from './clients.mjs'
import { count, figure, table, times } from './figures.mjs'
import { EXPRESS, ON_IOREDIS } from './session-stores.mjs'
import { sessionTargets } from './targets.mjs'

const about = (
  bytes,
) => `\`SessionCache\` (${PACKAGE}) and the store of ${EXPRESS} beside connect-redis, with ${count(bytes)} bytes of
JSON in a session. HTTP and TCP are not alike: the gateway costs more than Redis itself. connect-redis 10 is made for the client of
\`redis\`; on ioredis and ${PEER} it gets an object with the methods that it calls, and the latter is not to parse the JSON.`

const aboutSent = `Requests and commands by the count of the gateway, as Upstash counts them, and in brackets the commands that Redis executes. The
gateway itself does \`SET .. IFEQ\` by a script, because Redis 7.0 has no such command; on the other endpoint, a proxy in front of a
plain Redis, redlatch sends one. \`get\` is one \`MGET\` of two keys: the session, and the epoch of its user, which a revocation replaces.`

const aboutTimes = `One of 1,000 sessions is read. ${PACKAGE} also looks whether it has been revoked, and begins its idle time anew once a minute; the
stores of express-session do neither. Figures with an \`x\` are ratios to ${ON_IOREDIS}.`

const aboutRevoked = (
  total,
) => `A user is signed out everywhere, in a database with ${count(total)} sessions, those of the user included. The stores of
express-session have ids that begin with the user, and look for them with \`SCAN\`, which reads the whole database: \`clear()\` of a store
whose prefix ends in the user. Commands are those that Redis executes.`

/** `targetTable` is how the report writes targets. */
export function sessionSection(results, targetTable) {
  return [
    about(results.bytes),
    '### What a call sends',
    aboutSent,
    sentTable(results.sent),
    '### A session that is read',
    aboutTimes,
    timeTable(results.times),
    '### Signed out everywhere',
    aboutRevoked(results.total),
    revokedTable(results.revoked),
    '### Targets of sessions',
    targetTable(sessionTargets(results)),
  ]
}

function sentTable(rows) {
  const of = ({ requests, sent, executed }) => [figure(requests), `${figure(sent)} (${figure(executed)})`]
  const lines = rows.map(({ call, withIfeq, without }) => [call, ...of(withIfeq), ...of(without)])
  return table(['call', 'requests', 'commands', 'without IFEQ: requests', 'commands'], lines)
}

const FIELDS = { opsPerSecond: 'calls/s', p50: 'p50 us', p99: 'p99 us', active: 'active us', cpu: 'CPU us' }

function timeTable(rows) {
  const lines = rows.map(({ inFlight, name, figures }) => {
    const peer = rows.find((row) => row.name === ON_IOREDIS && row.inFlight === inFlight).figures
    const columns = Object.keys(FIELDS).flatMap((field) => [
      figure(figures[field]),
      times(figures[field] / peer[field]),
    ])
    return [`${inFlight} ${name}`, ...columns]
  })
  return table(['in flight, store', ...Object.values(FIELDS).flatMap((name) => [name, ''])], lines)
}

function revokedTable(rows) {
  const lines = rows.map(({ sessions, name, figures: { milliseconds, requests, executed } }) => [
    `${count(sessions)} ${name}`,
    figure(milliseconds),
    // A client over TCP makes no HTTP requests.
    requests > 0 ? figure(requests) : '-',
    figure(executed),
  ])
  return table(['sessions, store', 'ms', 'requests', 'commands'], lines)
}
