// Runs all tests, and installs and builds what they need. Prints a line for each part, then `N passed, N failed`.
//   node scripts/test.mjs [--unit]
// With --unit it runs what needs no Redis: the core's unit tests, the contract of the stores on memory, and Jest's specs
// on memory.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  buildAddon,
  buildGateway,
  installFaketime,
  installPackages,
  installRedis,
  root,
  run,
} from './setup.mjs'

/** Fixed, so that every run tests the same. `npm run chaos` draws a seed. */
const CHAOS_SEEDS = [1, 2]
const CHAOS_SECONDS = 10

const parts = []

/** Runs a command, and counts the tests that passed and failed in it. */
async function part(name, command, args, count) {
  console.log(`> ${[command, ...args].join(' ')}`)
  const started = performance.now()
  const { ok, output } = await execute(command, args)
  process.stdout.write(output)
  const { passed, failed } = count(ok, output)
  const seconds = (performance.now() - started) / 1000
  // A command may also fail without a failed test.
  parts.push({ name, passed, failed: ok ? failed : Math.max(failed, 1), seconds })
}

/** Returns standard output, to be shown as a whole, because commands run side by side. Shows standard error at once. */
function execute(command, args) {
  return new Promise((resolve) => {
    let output = ''
    const isWindows = process.platform === 'win32'
    const child = spawn(command, args, { cwd: root, shell: isWindows, stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.on('close', (status) => resolve({ ok: status === 0, output }))
    child.on('error', () => resolve({ ok: false, output }))
  })
}

async function cargoTests(name, ...args) {
  await part(name, 'cargo', ['test', ...args], (_, output) => {
    const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)]
    const sum = (group) => results.reduce((total, result) => total + Number(result[group]), 0)
    return { passed: sum(1), failed: sum(2) }
  })
}

/** A file that does not run counts as one failed test. */
async function jestTests(...args) {
  const folder = mkdtempSync(join(tmpdir(), 'redlatch-test-'))
  const report = join(folder, 'jest.json')
  const count = () => {
    if (!existsSync(report)) return { passed: 0, failed: 1 }
    const results = JSON.parse(readFileSync(report, 'utf8'))
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    return { passed: results.numPassedTests, failed }
  }
  // Jest would leave a core unused; cargo's tests beside it mostly wait.
  await part('Jest', 'npx', ['jest', '--maxWorkers=100%', '--json', `--outputFile=${report}`, ...args], count)
  rmSync(folder, { recursive: true })
}

const countOne = (ok) => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1 })

/** A million calls, after which resident memory is level. */
async function leakTest() {
  await part('leak test', 'node', ['--expose-gc', '__test__/leak.mjs'], countOne)
}

/** Faults of all kinds, during which every promise about outages holds. */
async function chaosTests() {
  for (const seed of CHAOS_SEEDS) {
    const options = ['--seed', String(seed), '--seconds', String(CHAOS_SECONDS)]
    await part(`chaos, seed ${seed}`, 'node', ['tools/chaos/main.mjs', ...options], countOne)
  }
}

async function unitTests() {
  buildAddon()
  await cargoTests('unit tests of the core', '--package', 'redlatch-core', '--lib')
  await cargoTests('contract on memory', '--package', 'redlatch-core', '--test', 'store_contract', 'memory::')
  await jestTests('--selectProjects', 'memory')
}

async function allTests() {
  installRedis()
  installFaketime()
  buildAddon()
  buildGateway()
  // Compiled first, so that compiling does not slow down the tests that run beside it. An error counts below.
  run('cargo', ['test', '--workspace', '--no-run'])
  await Promise.all([cargoTests('cargo', '--workspace', '--no-fail-fast'), jestTests()])
  // One after the other, because they measure memory and time.
  await leakTest()
  await chaosTests()
}

/** One line for each part, in the order in which they ended, the parts that failed, and the sum alone on the last line. */
function report() {
  const width = Math.max(...parts.map(({ name }) => name.length))
  for (const { name, passed, failed, seconds } of parts) {
    console.log(`${name.padEnd(width)}  ${passed} passed, ${failed} failed, ${seconds.toFixed(0)} s`)
  }
  const failing = parts.filter(({ failed }) => failed > 0).map(({ name }) => name)
  if (failing.length > 0) console.log(`Failed: ${failing.join('; ')}`)
  const total = (field) => parts.reduce((sum, one) => sum + one[field], 0)
  console.log(`${total('passed')} passed, ${total('failed')} failed`)
  process.exitCode = total('failed') === 0 && total('passed') > 0 ? 0 : 1
}

installPackages()
await (process.argv.includes('--unit') ? unitTests() : allTests())
report()
