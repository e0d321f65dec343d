// One run of all measurements, from starting the servers to stopping them.

import { measureFlows } from './flows.mjs'
import { measureLeak } from './leak.mjs'
import { measureMemory } from './memory.mjs'
import { endProgress } from './progress.mjs'
import { measureLoad } from './rounds.mjs'
import { startServers } from './servers.mjs'
import { measureStartUp } from './start-up.mjs'

export async function measureAll(plan) {
  const servers = await startServers()
  try {
    return {
      startUp: await measureStartUp(plan.startUp, servers),
      load: await measureLoad(plan, servers),
      flows: await measureFlows(plan.flows, servers),
      memory: await measureMemory(plan.memory),
      leak: plan.leak ? await measureLeak(servers) : null,
    }
  } finally {
    endProgress()
    await servers.stop()
  }
}
