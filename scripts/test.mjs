// Runs all tests, and installs and builds what they need. Ends with one line: N passed, N failed.
//   node scripts/test.mjs [--unit]
// With --unit it runs what needs no Redis: the core's unit tests, the store's contract on memory, and Jest's specs on
// memory.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { buildAddon, buildGateway, installPackages, installRedis, root, run } from './setup.mjs'

const total = { passed: 0, failed: 0 }

function count(passed, failed) {
  total.passed += passed
  total.failed += failed
}

/** The fixed seeds of the chaos runs in a gate; `npm run chaos` draws one. */
const CHAOS_SEEDS = [1, 2]
const CHAOS_SECONDS = 10

/** Counts what cargo's test binaries report; a run that fails without a failed test counts as one. */
async function rustTests(...args) {
  const { ok, output } = await runAndRead('cargo', ['test', ...args])
  const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)]
  const failed = results.reduce((sum, [, , failed]) => sum + Number(failed), 0)
  count(
    results.reduce((sum, [, passed]) => sum + Number(passed), 0),
    ok ? failed : Math.max(failed, 1),
  )
}

/** Counts what Jest reports; a file that does not run counts as one failed test. */
function javaScriptTests(...args) {
  const folder = mkdtempSync(join(tmpdir(), 'redlatch-test-'))
  const report = join(folder, 'jest.json')
  const ok = run('npx', ['jest', '--json', `--outputFile=${report}`, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  rmSync(folder, { recursive: true })
  const failed = numFailedTests + numRuntimeErrorTestSuites
  count(numPassedTests, ok ? failed : Math.max(failed, 1))
}

/** A million calls with resident memory level at the end. */
function leakTest() {
  const ok = run('node', ['--expose-gc', '__test__/leak.mjs'])
  count(ok ? 1 : 0, ok ? 0 : 1)
}

/** Faults of every kind, in which every promise about outages holds. */
function chaosTests() {
  for (const seed of CHAOS_SEEDS) {
    const ok = run('node', [
      'tools/chaos/main.mjs',
      '--seed',
      String(seed),
      '--seconds',
      String(CHAOS_SECONDS),
    ])
    count(ok ? 1 : 0, ok ? 0 : 1)
  }
}

function runAndRead(command, args) {
  console.log(`> ${[command, ...args].join(' ')}`)
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, {
      cwd: root,
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout.on('data', (chunk) => {
      output += chunk
      process.stdout.write(chunk)
    })
    child.on('close', (status) => resolve({ ok: status === 0, output }))
    child.on('error', () => resolve({ ok: false, output }))
  })
}

async function unitTests() {
  buildAddon()
  await rustTests('--package', 'redlatch-core', '--lib')
  await rustTests('--package', 'redlatch-core', '--test', 'store_contract', 'memory::')
  javaScriptTests('--selectProjects', 'memory')
}

async function allTests() {
  installRedis()
  buildAddon()
  buildGateway()
  await rustTests('--workspace', '--no-fail-fast')
  javaScriptTests()
  leakTest()
  chaosTests()
}

installPackages()
await (process.argv.includes('--unit') ? unitTests() : allTests())
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
