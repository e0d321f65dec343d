// npm run bench: measures the package side by side with what it could be built on, and writes RESULTS.md.
//   --quick            takes about two minutes and does not write RESULTS.md
//   --only PART        measures one part (load, memory, startUp, flows, idempotency, rate-limits, sessions or leak) and writes its section anew
//   --against FOLDER   compares this build with the one in another checkout instead, in pairs, and prints the ratios

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import {
  buildAddon,
  buildGateway,
  fail,
  installPackages,
  installRedis,
  installWrk,
} from '../../scripts/setup.mjs'
import { addonOf } from '../package.mjs'

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string' }, against: { type: 'string' } },
})
const effort = values.quick ? 'quick' : 'full'

installPackages()
installRedis()
if (!values.against) installWrk()
buildAddon()
buildGateway()

// These need the packages that were just installed.
const { measureCallsInFlight } = await import('./calls-in-flight.mjs')
const { measureFlows } = await import('./flows.mjs')
const { measureIdempotency } = await import('./idempotency.mjs')
const { measureMemory } = await import('./memory.mjs')
const { planAgainst, plans } = await import('./plan.mjs')
const { endProgress, startServers } = await import('./processes.mjs')
const { comparison, machine, PARTS, report, sectionAlone, withSection } = await import('./report.mjs')
const { measureRateLimits } = await import('./rate-limits.mjs')
const { measureSessions } = await import('./sessions.mjs')
const { measureLeak, measureStartUp } = await import('./start-up.mjs')

const file = fileURLToPath(new URL('RESULTS.md', import.meta.url))
const measures = {
  startUp: (plan, servers) => measureStartUp(plan.startUp, servers),
  load: measureCallsInFlight,
  flows: (plan, servers) => measureFlows(plan.flows, servers),
  idempotency: (plan, servers) => measureIdempotency(plan.idempotency, servers),
  'rate-limits': (plan, servers) => measureRateLimits(plan.rateLimits, servers),
  sessions: (plan, servers) => measureSessions(plan.sessions, servers),
  memory: (plan) => measureMemory(plan.memory),
  leak: (plan, servers) => (plan.leak ? measureLeak(servers) : null),
}

if (values.against) await compareBuilds(resolve(values.against))
else await measureParts(plans[effort], values.only)

async function measureParts(plan, only) {
  if (only && !PARTS.includes(only)) fail(`There is no part ${only}: choose one of ${PARTS.join(', ')}.`)
  // Read first, because it names the commit that is measured.
  const about = machine()
  const results = await withServers(async (servers) => {
    const measured = {}
    for (const part of only ? [only] : Object.keys(measures)) {
      measured[part] = await measures[part](plan, servers)
    }
    return measured
  })
  const text = only ? sectionAlone(only, results, about) : report(results, about)
  console.log(text)
  if (effort !== 'full') return
  writeFileSync(file, `${only ? withSection(readFileSync(file, 'utf8'), only, text) : text}\n`)
}

async function compareBuilds(folder) {
  if (!existsSync(`${folder}/package.json`)) fail(`There is no package in ${folder}.`)
  if (!addonOf(folder)) fail(`There is no addon in ${folder}: run npm run build there first.`)
  const plan = planAgainst(folder, effort)
  const results = await withServers(async (servers) => ({
    load: await measureCallsInFlight(plan, servers),
    memory: await measureMemory(plan.memory, plan.folders),
  }))
  console.log(comparison(results))
}

async function withServers(measure) {
  const servers = await startServers()
  try {
    return await measure(servers)
  } finally {
    endProgress()
    await servers.stop()
  }
}
