// Start-up in fresh processes: `require`, memory and threads after it, and the way to the first answer.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { root } from '../scripts/setup.mjs'
import { startChild } from './child.mjs'
import { medians } from './median.mjs'
import { PEER } from './plan.mjs'
import { progress } from './progress.mjs'

/** The addon's size, and for each package the medians of its starts. */
export async function measureStartUp({ rounds }, { http }) {
  const runs = { redlatch: [], [PEER]: [] }
  // The first start of each only warms the file system's cache.
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of Object.keys(runs)) {
      progress(`start-up: ${round} of ${rounds}, ${name}`)
      const { ask } = startChild('start-process.cjs')
      const figures = await ask('start', { name, address: http.address })
      if (round > 0) runs[name].push(figures)
    }
  }
  const packages = Object.fromEntries(Object.entries(runs).map(([name, all]) => [name, medians(all)]))
  return { addonBytes: addonBytes(), packages }
}

function addonBytes() {
  const addon = readdirSync(root).find((name) => /^redlatch\..*\.node$/.test(name))
  return statSync(join(root, addon)).size
}
