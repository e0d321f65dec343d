// npm run bench: measures the package side by side with what it could be built on, and writes RESULTS.md.
//   --quick            takes less than a minute and does not write RESULTS.md
//   --against FOLDER   compares this build with the one in another checkout instead, in pairs, and prints the ratios

import { existsSync, writeFileSync } from 'node:fs'
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

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, against: { type: 'string' } } })
const effort = values.quick ? 'quick' : 'full'

installPackages()
installRedis()
if (!values.against) installWrk()
buildAddon()
buildGateway()

// These need the packages that were just installed.
const { measureCallsInFlight } = await import('./calls-in-flight.mjs')
const { measureFlows } = await import('./flows.mjs')
const { measureMemory } = await import('./memory.mjs')
const { planAgainst, plans } = await import('./plan.mjs')
const { endProgress, startServers } = await import('./processes.mjs')
const { comparison, machine, report } = await import('./report.mjs')
const { measureLeak, measureStartUp } = await import('./start-up.mjs')

if (values.against) await compareBuilds(resolve(values.against))
else await measureAll(plans[effort])

async function measureAll(plan) {
  // Read first, because it names the commit that is measured.
  const about = machine()
  const results = await withServers(async (servers) => ({
    startUp: await measureStartUp(plan.startUp, servers),
    load: await measureCallsInFlight(plan, servers),
    flows: await measureFlows(plan.flows, servers),
    memory: await measureMemory(plan.memory),
    leak: plan.leak ? await measureLeak(servers) : null,
  }))
  const text = `${report(results, about)}\n`
  console.log(text)
  if (effort === 'full') writeFileSync(fileURLToPath(new URL('RESULTS.md', import.meta.url)), text)
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
