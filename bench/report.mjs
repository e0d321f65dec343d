// The report of a run, which is also bench/RESULTS.md.

import { PEER } from './plan.mjs'
import { reasonsFor } from './reasons.mjs'
import {
  flowSection,
  leakSection,
  loadSections,
  memorySection,
  startUpSection,
  targetSection,
} from './sections.mjs'
import { table } from './table.mjs'
import { targets } from './targets.mjs'

const how = `Made by \`npm run bench\`. Everything runs on one machine over loopback: Redis, the gateway of this repository in
front of it (release build), and the clients. So the servers' own work is in every figure, and takes its share of the
processors. Figures with an \`x\` are ratios to ${PEER} in the same run.

Each client has a process of its own, in which only it works. Round after round every client is measured in turn; a
figure is the median of its rounds. "In flight 64" means 64 loops, each of which awaits its call before it makes the
next. "Active" is the time for which the main thread was busy (\`performance.eventLoopUtilization\`), "CPU" that of all
threads of the process (\`process.cpuUsage\`), both for one call. Requests are counted by the gateway.

redlatch and ${PEER} talk to the gateway; ioredis, redis and @valkey/valkey-glide talk to Redis itself over TCP, for
scale. All have their defaults. Those of ${PEER} send the calls of one turn together, and parse every value that is
JSON; the values are JSON texts with one long string, which is cheap to parse. The "mix of the caches" is reads and
writes of all three caches in turn; with the other clients these are the same commands, with JSON by hand. A client
that groups by microtasks then groups only calls whose code behind the answer takes equally many of these. With 100
bytes, a form or a customer has as many as its fields need, which is some more.`

const aboutMemory = `Microseconds for a call, awaited one by one, with entries that do not expire meanwhile. The Map is swept for expired
entries on every call, as a module written by hand does; lru-cache stands behind an asynchronous function. The time
includes making the key.`

const aboutStartUp = `Medians of fresh processes. "To the first GET" is \`require\`, connecting and one answered GET.`

const aboutFlows = `Whole flows of the examples, one after the other, with 3 ms of delay added to each request by the gateway. With redlatch,
writes that do not wait for one another are called in one turn, as in examples/demo, and leave as one request; marking a
form is one request, because this process has written the form. With ${PEER} each step is awaited, as one writes
it, and marking a form is a read and a write. That client also sends together what is called in one turn, so the last
way of the one flow where that is possible is shown as well. Where a step needs the result of the one before, no
client can do with fewer requests.`

export function report(results, machine) {
  return [
    '# Results',
    how,
    table(['', ''], machine),
    '## Calls in flight',
    ...loadSections(results.load),
    '## Memory mode',
    aboutMemory,
    memorySection(results.memory),
    '## Start-up',
    aboutStartUp,
    startUpSection(results.startUp),
    '## Flows',
    aboutFlows,
    flowSection(results.flows),
    '## Resident memory',
    leakSection(results.leak),
    '## To reach',
    `GET of 100 bytes, against ${PEER} where nothing else is named.`,
    targetSection(results),
    'What is not reached, and why:',
    reasonsFor(targets(results)),
  ].join('\n\n')
}
