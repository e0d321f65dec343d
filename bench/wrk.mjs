// wrk with one connection: how fast the gateway itself answers one request after the other.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { keyOf } from './values.mjs'

const script = fileURLToPath(new URL('get.lua', import.meta.url))
const inMicroseconds = { us: 1, ms: 1000, s: 1_000_000 }

/** Its figures, or `null` where there is no wrk. It knows whole seconds only. */
export async function runWrk({ url, token }, bytes, seconds) {
  const args = ['--threads', '1', '--connections', '1', '--duration', `${seconds}s`, '--latency']
  const env = { ...process.env, BENCH_TOKEN: token, BENCH_KEY: keyOf(bytes, 0) }
  let output
  try {
    output = (await promisify(execFile)('wrk', [...args, '--script', script, url], { env })).stdout
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
  if (/Non-2xx/.test(output)) throw new Error(`the gateway refused the requests of wrk: ${output}`)
  return { p50: quantile(output, 50), p99: quantile(output, 99), opsPerSecond: rate(output) }
}

function quantile(output, percent) {
  const [, figure, unit] = output.match(new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s)$`, 'm'))
  return Number(figure) * inMicroseconds[unit]
}

function rate(output) {
  return Number(output.match(/^Requests\/sec:\s+([\d.]+)$/m)[1])
}
