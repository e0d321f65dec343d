// Runs all tests, and installs and builds what they need. Ends with one line: N passed, N failed.

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

/** Counts what cargo's test binaries report; a run that fails without a failed test counts as one. */
async function rustTests() {
  const { ok, output } = await runAndRead('cargo', ['test', '--workspace', '--no-fail-fast'])
  const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)]
  const failed = results.reduce((sum, [, , failed]) => sum + Number(failed), 0)
  count(
    results.reduce((sum, [, passed]) => sum + Number(passed), 0),
    ok ? failed : Math.max(failed, 1),
  )
}

/** Counts what Jest reports; a file that does not run counts as one failed test. */
function javaScriptTests() {
  const folder = mkdtempSync(join(tmpdir(), 'redlatch-test-'))
  const report = join(folder, 'jest.json')
  const ok = run('npx', ['jest', '--json', `--outputFile=${report}`], {
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

/** Twenty seconds of faults, in which every promise about outages is kept. */
function chaosTest() {
  const ok = run('node', ['tools/chaos/main.mjs', '--seconds', '20'])
  count(ok ? 1 : 0, ok ? 0 : 1)
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

installPackages()
installRedis()
buildAddon()
buildGateway()
await rustTests()
javaScriptTests()
leakTest()
chaosTest()
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
