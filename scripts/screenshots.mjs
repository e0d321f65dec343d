// Takes the pictures of the example app that the README shows, one of them an animation, and puts them into docs.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { clickVisibly, record } from './animation.mjs'
import { installExample } from './example.mjs'
import { pack } from './pack.mjs'
import { buildAddon, buildGateway, installChromium, installPackages, installRedis, root } from './setup.mjs'

/** Around the animation, in pixels. */
const MARGIN = 24

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

services.stripe.control.delayMs = 3000
await animate(await context.newPage())

const first = await openBooking(context, app.url)
await shoot(first.page, 'booking')

services.stripe.control.delayMs = 5000
const email = newGuest().replace(/^.*@/, 'ada@')
const second = await openBooking(context, app.url)
for (const tab of [first, second]) await tab.fill(email)
await first.button.click()
await first.told('Booking')
await second.button.click()
await second.told('One click was enough')
await shoot(second.page, 'blocked-duplicate')
await first.told('Time held')

await shootAccount(newGuest().replace(/^.*@/, 'grace@'))

await services.redis.stop()
const status = await context.newPage()
await status.setViewportSize({ width: 1200, height: 560 })
await status.goto(`${app.url}/status`)
await status.getByText('Redis cannot be reached').waitFor()
await status.getByText('In-Memory', { exact: true }).waitFor()
await status.getByRole('button').click()
await status.getByText(/ in \d\.\d ms \(In-Memory\)/).waitFor()
await status
  .locator('dl > div', { hasText: 'Waiting for Redis' })
  .getByText(/^[1-9]/)
  .waitFor()
await status.locator('dl > div', { hasText: 'Response time' }).getByText('0.0 ms').waitFor()
await shoot(status, 'status-without-redis')

await browser.close()
await app.stop()
await services.stop()
rmSync(folder, { recursive: true })

/** A wrong code, and the account with two devices. */
async function shootAccount(email) {
  const phone = await signInWith(
    'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/604.1',
    email,
  )
  await phone.context().close()
  const page = await signInWith(undefined, email, async (page) => {
    await enterCode(page, '123456')
    await page.getByText('You have 4 more attempts.').waitFor()
    await shoot(page, 'sign-in')
  })
  await shoot(page, 'account')
  await page.context().close()
}

/** A new device's page of the account. `beforehand` gets the page that asks for the code. */
async function signInWith(userAgent, email, beforehand) {
  const device = await browser.newContext({
    viewport: { width: 1200, height: 600 },
    colorScheme: 'light',
    userAgent,
  })
  const page = await device.newPage()
  await page.goto(`${app.url}/sign-in`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send me a mail' }).click()
  await page.getByLabel('Code of six digits').waitFor()
  await beforehand?.(page)
  const mailbox = await device.newPage()
  await mailbox.goto(`${app.url}/mailbox`)
  const code = await mailbox.getByRole('article', { name: email }).first().locator('code').textContent()
  await mailbox.close()
  await enterCode(page, code)
  await page.getByRole('heading', { name: 'Your account', exact: true }).waitFor()
  return page
}

async function enterCode(page, code) {
  await page.getByLabel('Code of six digits').fill(code)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Twenty clicks, the plug pulled, twenty clicks more, and the plug put back. The pauses are for who looks at it. */
async function animate(page) {
  await page.setViewportSize({ width: 1000, height: 1100 })
  await page.goto(app.url)
  const clicks = page.getByRole('button', { name: 'Click 20 times' })
  const plug = page.getByRole('switch')
  const says = (text) => page.getByRole('status').getByText(text).waitFor()
  const { y } = await page.locator('h1').boundingBox()
  const panels = await page.locator('.demo').boundingBox()
  const top = Math.floor(y) - MARGIN
  const clip = { x: 0, y: top, width: 1000, height: Math.ceil(panels.y + panels.height) + MARGIN - top }
  // The lines have a past when the recording begins.
  await pause(8000)
  await record(page, clip, join(root, 'docs', 'demonstration.png'), async () => {
    await pause(1000)
    await clickVisibly(clicks)
    await says('1 payment.')
    await pause(1500)
    await clickVisibly(plug)
    await says('Unplugged.')
    await pause(2000)
    await clickVisibly(clicks)
    await pause(1000)
    await says('1 payment.')
    await pause(1500)
    await clickVisibly(plug)
    await says('All writes of the outage have been replayed.')
    await pause(2000)
  })
  await page.close()
}
