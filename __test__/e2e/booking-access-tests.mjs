// What axe finds on the pages of the example app: nothing, on a phone and on a desk, in light and in dark.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AxeBuilder } from '@axe-core/playwright'

import { newGuest, openBooking } from './browser.mjs'

export function accessTests(setting) {
  for (const width of [390, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`axe finds nothing at ${width} pixels, ${colorScheme}`, async () => {
        const { app, browser, services } = setting()
        await services.forget()
        const options = { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' }
        const context = await browser.newContext(options)
        const { page, fill, button, told } = await openBooking(context, app.url)
        await fill(newGuest())
        await button.click()
        await told('Time held')
        const found = await violations(page)
        await page.goto(app.url)
        await page.getByRole('button', { name: 'Click 20 times' }).click()
        await page.getByText(/^20 clicks, /).waitFor()
        found.push(...(await violations(page)))
        for (const path of ['/status', '/booked', '/book/outcome']) {
          await page.goto(app.url + path)
          found.push(...(await violations(page)))
        }
        found.push(...(await violationsOfAccount(page, app.url)))
        await context.close()

        assert.deepEqual(found, [])
      })
    }
  }
}

/** What axe finds on the way to the account, and there. */
async function violationsOfAccount(page, url) {
  const found = []
  const look = async (name) => {
    await page.getByRole('heading', { name, exact: true }).waitFor()
    found.push(...(await violations(page)))
  }
  await page.goto(`${url}/sign-in`)
  await look('Sign in')
  const email = newGuest()
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send me a mail' }).click()
  await look('Check your mail')
  await page.getByLabel('Code of six digits').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('4 more attempts').waitFor()
  await look('Check your mail')
  await page.goto(`${url}/mailbox`)
  await look('Mailbox')
  await page.getByRole('article', { name: email }).getByRole('link').click()
  await look('Sign in')
  await page.getByRole('button', { name: 'Sign in on this device' }).click()
  await look('Your account')
  return found
}

/** What axe finds, and whether the page is wider than the window. A page that is led to gets its title after its heading. */
async function violations(page) {
  await page.waitForFunction(() => document.title !== '')
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
  return isTooWide ? [...found, `${page.url()} scrolls sideways`] : found
}
