// Resident memory over a million calls, as the leak test of the package's own tests measures it.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

import { root } from '../scripts/setup.mjs'
import { cleanEnvironment } from './environment.mjs'
import { progress } from './progress.mjs'

const LINE = /^(\w+): (\d+) calls in [\d.]+ s: ([\d.]+) MB, then ([\d.]+) MB/gm

/** For each store, the calls made and the resident memory before and after them. */
export async function measureLeak({ http }) {
  progress('resident memory over a million calls')
  const env = cleanEnvironment({ REDLATCH_TEST_GATEWAY: JSON.stringify(http.address) })
  const options = { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] }
  // Its exit code says whether a limit of its own was kept; here it is the figures that count.
  const output = await text(spawn(process.execPath, ['--expose-gc', '__test__/leak.mjs'], options).stdout)
  const rows = [...output.matchAll(LINE)].map(([, store, calls, before, after]) => ({
    store,
    calls: Number(calls),
    beforeMb: Number(before),
    afterMb: Number(after),
  }))
  if (rows.length === 0) throw new Error(`the leak test printed no figures: ${output}`)
  return rows
}
