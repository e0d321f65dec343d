// Start-up in new processes: `require`, memory and threads after it, and the time to the first GET. Also resident
// memory over a million calls.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

import { root } from '../../scripts/setup.mjs'
import { addonOf, entryOf } from '../package.mjs'
import { PACKAGE, PEER } from './clients.mjs'
import { medians } from './figures.mjs'
import { cleanEnvironment, progress, serveParent, startProcess } from './processes.mjs'

const TASKS = '/proc/self/task'
const LEAK_TEST_LINE = /^(\w+): (\d+) calls in [\d.]+ s: ([\d.]+) MB, then ([\d.]+) MB/gm

/** The size of the addon, and the medians of the starts of each package. */
export async function measureStartUp({ rounds }, { http }) {
  const starts = { [PACKAGE]: [], [PEER]: [] }
  // The first start only warms the cache of the file system.
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of Object.keys(starts)) {
      progress(`start-up: ${round} of ${rounds}, ${name}`)
      const { ask, stop } = startProcess(import.meta.url)
      const figures = await ask('start', { name, address: http.address })
      await stop()
      if (round > 0) starts[name].push(figures)
    }
  }
  const packages = Object.fromEntries(Object.entries(starts).map(([name, all]) => [name, medians(all)]))
  return { addonBytes: statSync(addonOf()).size, packages }
}

/** For each store, the number of calls and the resident memory before and after, as the leak test prints them. */
export async function measureLeak({ http }) {
  progress('resident memory over a million calls')
  const env = cleanEnvironment({ REDLATCH_TEST_GATEWAY: JSON.stringify(http.address) })
  const options = { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] }
  // Its exit code shows whether its own limit was kept, which does not matter here.
  const output = await text(spawn(process.execPath, ['--expose-gc', '__test__/leak.mjs'], options).stdout)
  const rows = [...output.matchAll(LEAK_TEST_LINE)].map(([, store, calls, before, after]) => ({
    store,
    calls: Number(calls),
    beforeMb: Number(before),
    afterMb: Number(after),
  }))
  if (rows.length === 0) throw new Error(`the leak test printed no figures: ${output}`)
  return rows
}

const require = createRequire(import.meta.url)
// Not a number on other systems; the tables show a dash.
const threads = () => (existsSync(TASKS) ? readdirSync(TASKS).length : Number.NaN)
const residentMb = () => process.memoryUsage.rss() / 2 ** 20

const paths = { [PACKAGE]: entryOf(), [PEER]: PEER }

const firstGets = {
  [PACKAGE]: ({ redisManager }, { url, token }) => {
    redisManager.configure({ url, token })
    return redisManager.get('bench-start')
  },
  [PEER]: ({ Redis }, { url, token }) => new Redis({ url, token }).get('bench-start'),
}

serveParent(import.meta.url, {
  /** Requires one package and makes one GET. */
  async start({ name, address }) {
    const before = { threads: threads(), residentMb: residentMb() }
    const started = performance.now()
    const loaded = require(paths[name])
    const required = performance.now()
    const after = { threads: threads(), residentMb: residentMb() }
    const beforeGet = performance.now()
    await firstGets[name](loaded, address)
    const completed = performance.now()
    return {
      requireMs: required - started,
      residentMb: after.residentMb,
      addedMb: after.residentMb - before.residentMb,
      addedThreads: after.threads - before.threads,
      // Counting threads and memory in between does not belong to the package.
      firstGetMs: required - started + completed - beforeGet,
    }
  },
})
