// What is tested on a platform: the package as it is published, in a project of its own, by a Node for that platform.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { makeAuthority } from '../../tools/authority.mjs'
import spawning from '../../tools/gateway/spawn.js'
import { installPacked } from '../example.mjs'
import { pack } from '../pack.mjs'
import { root } from '../setup.mjs'
import { addonFolder } from './build.mjs'
import { installNode, runNode } from './node.mjs'
import { platformOf } from './targets.mjs'

const tests = join(root, '__test__')
const projects = join(root, 'target', 'platforms', 'projects')

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

/** Makes a project for the platform of `target` in which the package is installed with the addon that has been built. */
export function installProject(target) {
  const platform = platformOf(target)
  installNode(platform)
  const folder = join(projects, platform.name)
  mkdirSync(folder, { recursive: true })
  cpSync(join(tests, 'platforms'), folder, { recursive: true })
  for (const name of ['behaviour', 'support']) {
    rmSync(join(folder, '__test__', name), { recursive: true, force: true })
    cpSync(join(tests, name), join(folder, '__test__', name), { recursive: true })
  }
  // One spec compares the files that bundlers get.
  const isScript = (path) => !path.endsWith('.node')
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true, filter: isScript })
  const packages = join(folder, 'packages')
  rmSync(packages, { recursive: true, force: true })
  mkdirSync(packages)
  const chosen = [
    `--os=${platform.os}`,
    `--cpu=${platform.cpu}`,
    ...(platform.libc ? [`--libc=${platform.libc}`] : []),
  ]
  installPacked(folder, pack(packages, addonFolder(target)), [...chosen, '--ignore-scripts'])
  return { platform, folder }
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

/** Runs Jest's specs on memory. They take a while in an emulator. */
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
  const options = { cwd: folder, timeoutSeconds: 540 }
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
