// What is run on a platform: programs and specs in its project, by a Node for it.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { makeAuthority } from '../../tools/authority.mjs'
import spawning from '../../tools/gateway/spawn.js'
import { runNode } from './node.mjs'
import { projects } from './project.mjs'

/** Two gateways to a real Redis each, the second one with TLS, as the environments that lead to them. */
export async function startGateways() {
  mkdirSync(projects, { recursive: true })
  const authority = await makeAuthority(projects)
  const plain = await spawning.spawnGateway()
  const secured = await spawning.spawnGateway([
    ...['--tls-certificate', authority.certificate],
    ...['--tls-key', authority.key],
  ])
  const variables = ({ address: { url, token, controlUrl } }) => ({
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
    REDLATCH_CONTROL_URL: controlUrl,
  })
  const environments = {
    plain: variables(plain),
    secured: { ...variables(secured), NODE_EXTRA_CA_CERTS: authority.authority },
  }
  const stop = async () => {
    await Promise.all([plain.stop(), secured.stop()])
    authority.remove()
  }
  return { environments, stop }
}

/** Runs the programs of __test__/platforms, and returns the number of tests that passed and failed in each. */
export function runPrograms({ platform, folder }, { plain, secured }) {
  const programs = [
    ['on memory', 'memory.mjs', {}],
    ['on Redis', 'redis.mjs', plain],
    ['on Redis, with TLS', 'redis.mjs', secured],
  ]
  return programs.map(([name, program, environment]) => {
    const options = { cwd: folder, environment, timeoutSeconds: 180 }
    const started = performance.now()
    const { status, output } = runNode(platform, ['--test-reporter=tap', program], options)
    const number = (what) => Number(new RegExp(`^# ${what} (\\d+)`, 'm').exec(output)?.[1] ?? 0)
    return result(name, started, status, { passed: number('pass'), failed: number('fail') }, output)
  })
}

/** Runs Jest's specs on memory. Jest has addons of its own. */
export function runSpecs({ platform, folder }) {
  const report = join(folder, 'jest.json')
  rmSync(report, { force: true })
  // Relative, because Windows has other absolute paths.
  const args = [
    'node_modules/jest/bin/jest.js',
    '--runInBand',
    '--watchman=false',
    '--json',
    '--outputFile=jest.json',
  ]
  const options = { cwd: folder, hasOwnLdd: true, timeoutSeconds: 540 }
  const started = performance.now()
  const { status, output } = runNode(platform, args, options)
  const counts = { passed: 0, failed: 0 }
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    Object.assign(counts, { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites })
  }
  return result('specs on memory', started, status, counts, output)
}

/** A program that did not end by itself, or that ran no test, has failed even if no test has. */
function result(name, started, status, { passed, failed }, output) {
  const seconds = (performance.now() - started) / 1000
  const isWell = status === 0 && passed > 0
  return { name, passed, failed: isWell ? failed : Math.max(failed, 1), seconds, output }
}
