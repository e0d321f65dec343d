// Packs the package, installs it into projects outside this repository and tests it there, pages with Chromium. Ends with
// one line: N passed, N failed.
//   node scripts/test-e2e.mjs [booking] [consumers] [created] [package] [platforms]
// REDLATCH_ADDONS names a folder with an addon that was built elsewhere, for this machine.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { run as runTests } from 'node:test'
import { spec } from 'node:test/reporters'

import { installExample, installPacked } from './example.mjs'
import { pack } from './pack.mjs'
import { addonFolder, buildTarget } from './platforms/build.mjs'
import { whyNotRun } from './platforms/node.mjs'
import { isOwn, platformOf, quickTargets, targets } from './platforms/targets.mjs'
import { buildAddon, buildGateway, installChromium, installPackages, installRedis, root } from './setup.mjs'

const tests = join(root, '__test__', 'e2e')

/**
 * The folder with the addon to pack: one that was built elsewhere, with dist/ beside, or a new one, linked as for
 * publishing where this machine can.
 */
function addons() {
  if (process.env.REDLATCH_ADDONS) return resolve(process.env.REDLATCH_ADDONS)
  buildAddon()
  const target = targets.find((target) => isOwn(platformOf(target)))
  if (!target) return join(root, 'dist')
  buildTarget(target)
  return addonFolder(target)
}

/** Makes the projects under test, in a new folder. */
function prepare(files) {
  const folder = mkdtempSync(join(tmpdir(), 'redlatch-e2e-'))
  const packages = join(folder, 'packages')
  mkdirSync(packages)
  const packed = pack(packages, addons())
  const needs = (...names) => names.some((name) => files.includes(`${name}.e2e.mjs`))
  if (needs('booking', 'consumers', 'created', 'platforms')) installServers()
  if (needs('booking', 'created')) installChromium()
  if (needs('platforms')) buildQuickTargets()
  if (files.includes('booking.e2e.mjs')) prepareBooking(join(folder, 'booking'), packed)
  if (files.includes('created.e2e.mjs')) {
    cpSync(join(tests, 'fixtures', 'created'), join(folder, 'created'), { recursive: true })
    installPacked(join(folder, 'created'), packed)
  }
  for (const name of files.includes('consumers.e2e.mjs') ? readdirSync(join(tests, 'consumers')) : []) {
    cpSync(join(tests, 'consumers', name), join(folder, name), { recursive: true })
    installPacked(join(folder, name), packed)
  }
  Object.assign(process.env, { REDLATCH_E2E_FOLDER: folder, REDLATCH_E2E_PACKED: JSON.stringify(packed) })
  return folder
}

/** What the tests of apps, of better-auth and of platforms start. */
function installServers() {
  installRedis()
  buildGateway()
}

/** The addons of the platforms that run here without an emulator. */
function buildQuickTargets() {
  for (const target of quickTargets.filter((target) => !whyNotRun(platformOf(target)))) buildTarget(target)
}

/** The example app with the tests' own pages and routes. */
function prepareBooking(app, packed) {
  cpSync(join(tests, 'fixtures', 'booking'), app, { recursive: true })
  installExample(app, packed)
}

/** The files with tests; `only` selects some of them. */
function chosenFiles(only) {
  const files = readdirSync(tests).filter((name) => name.endsWith('.e2e.mjs'))
  return files.filter((name) => only.length === 0 || only.some((part) => name.includes(part)))
}

/** Runs the files one after the other, because they share the machine. */
function runFiles(files) {
  const total = { passed: 0, failed: 0 }
  const stream = runTests({ files: files.map((name) => join(tests, name)), concurrency: 1 })
  stream.on('test:pass', ({ details }) => {
    if (details.type !== 'suite') total.passed += 1
  })
  stream.on('test:fail', ({ details }) => {
    // A suite whose tests fail is not counted again; one whose set-up fails is.
    if (details.error.failureType !== 'subtestsFailed') total.failed += 1
  })
  return new Promise((resolve) => {
    stream
      .compose(spec)
      .on('end', () => resolve(total))
      .pipe(process.stdout, { end: false })
  })
}

installPackages()
const files = chosenFiles(process.argv.slice(2))
const folder = prepare(files)
try {
  const { passed, failed } = await runFiles(files)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
