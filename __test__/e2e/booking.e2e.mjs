// The example app, installed from the tarballs, in every way in which it can be built and started.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { actionTests } from './action-tests.mjs'
import { build, serve, serveStandalone, startServices } from './app.mjs'
import { accessTests } from './booking-access-tests.mjs'
import { accountTests } from './booking-account-tests.mjs'
import { demonstrationTests } from './booking-demonstration-tests.mjs'
import { limitTests } from './booking-limit-tests.mjs'
import { noScriptTests } from './booking-no-script-tests.mjs'
import { bookingTests } from './booking-tests.mjs'
import { launch } from './browser.mjs'
import { importTests } from './import-tests.mjs'
import { routeTests } from './route-tests.mjs'

const variants = [
  { name: 'Turbopack, next start', bundler: 'turbopack', start: (env) => serve('start', env) },
  { name: 'Turbopack, standalone', bundler: 'turbopack', output: 'standalone', start: serveStandalone },
  { name: 'webpack, next start', bundler: 'webpack', start: (env) => serve('start', env) },
  { name: 'webpack, standalone', bundler: 'webpack', output: 'standalone', start: serveStandalone },
]

/** Runs `tests` on an app that is built by `prepare` and started by `start`. */
function onApp(prepare, start, tests) {
  const setting = {}

  before(async () => {
    setting.buildOutput = await prepare()
    setting.services = await startServices()
    setting.app = await start(setting.services.environment)
    setting.browser = await launch()
  })

  after(async () => {
    await setting.browser?.close()
    await setting.app?.stop()
    await setting.services?.stop()
  })

  tests(() => setting)
}

for (const { name, bundler, output, start } of variants) {
  describe(name, { timeout: 300_000 }, () => {
    const prepare = () => build(bundler, output)
    onApp(prepare, start, (setting) => {
      test('the build has nothing to complain of about the package', () => {
        assert.doesNotMatch(setting().buildOutput, /redlatch|can't resolve|module not found/i)
      })
      describe('the import', () => importTests(setting))
      describe('idempotentRoute', () => routeTests(setting))
      describe('idempotentAction', () => actionTests(setting))
      describe('the booking page', () => bookingTests(setting))
      describe('the booking page without scripts', () => noScriptTests(setting))
      describe('the demonstration', () => demonstrationTests(setting))
      describe('the account', () => accountTests(setting))
      // The pages are the same in each variant, and axe takes its time. So does waiting for a limit.
      if (name !== variants[0].name) return
      describe('accessibility', () => accessTests(setting))
      describe('the limits of the booking page', () => limitTests(setting))
    })
  })
}

describe('next dev', { timeout: 120_000 }, () => {
  const nothing = async () => ''
  onApp(nothing, (env) => serve('dev', env), importTests)
})
