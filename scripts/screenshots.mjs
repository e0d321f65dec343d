// Takes the screenshots of the example app that the README shows, and puts them into docs.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { installExample } from './example.mjs'
import { pack } from './pack.mjs'
import { buildAddon, buildGateway, installChromium, installPackages, installRedis, root } from './setup.mjs'

installPackages()
installRedis()
installChromium()
buildAddon()
buildGateway()
const folder = mkdtempSync(join(tmpdir(), 'redlatch-screenshots-'))
installExample(join(folder, 'booking'), pack(folder))
process.env.REDLATCH_E2E_FOLDER = folder

const { build, serve, startServices } = await import('../__test__/e2e/app.mjs')
const { launch, newGuest, openBooking } = await import('../__test__/e2e/browser.mjs')

await build('turbopack')
const services = await startServices()
const app = await serve('start', services.environment)
const browser = await launch()
const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, colorScheme: 'light' })
mkdirSync(join(root, 'docs'), { recursive: true })
const shoot = (page, name) => page.screenshot({ path: join(root, 'docs', `${name}.png`) })

const first = await openBooking(context, app.url)
await shoot(first.page, 'booking')

services.stripe.control.delayMs = 5000
const email = newGuest().replace(/^.*@/, 'ada@')
const second = await openBooking(context, app.url)
for (const tab of [first, second]) await tab.fill(email)
await first.button.click()
await first.told('Booking')
await second.button.click()
await second.told('Blocked')
await shoot(second.page, 'blocked-duplicate')
await first.told('Created')

await services.redis.stop()
const status = await context.newPage()
await status.setViewportSize({ width: 1200, height: 560 })
await status.goto(`${app.url}/status`)
await status.getByText('Redis cannot be reached').waitFor()
await status.getByRole('button').click()
await status.getByText('(In-Memory)').waitFor()
await status.getByText('In-Memory', { exact: true }).waitFor()
await shoot(status, 'status-without-redis')

await browser.close()
await app.stop()
await services.stop()
rmSync(folder, { recursive: true })
