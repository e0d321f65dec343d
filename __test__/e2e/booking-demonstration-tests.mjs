// The page that the example app opens on: twenty clicks, and Redis's plug. Payments are counted by the page and by the
// stand-in for Stripe.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { eventually } from './eventually.mjs'

export function demonstrationTests(setting) {
  let at
  let page
  let sessions

  beforeEach(async () => {
    at = setting()
    Object.assign(at.services.stripe.control, { delayMs: 3000, declineNext: 0 })
    sessions = at.services.stripe.counts.sessions
    page = await (await at.browser.newContext()).newPage()
    await page.goto(at.app.url)
  })

  afterEach(async () => {
    await page.context().close()
    await at.services.gateway.recover()
  })

  const number = async (selector) => Number(await page.locator(selector).textContent())
  const counter = (name) => number(`[data-counter="${name}"]`)
  const figure = (name) => number(`[data-figure="${name}"]`)
  const plug = () => page.getByRole('switch', { name: 'Redis is plugged in' })
  const says = (text) => page.getByRole('status').getByText(text).waitFor()

  /** Clicks twenty times; the counters when all are answered. */
  async function clickTwenty() {
    await page.getByRole('button', { name: 'Click 20 times' }).click()
    await says(/^20 clicks, \d+ requests, 1 payment\.$/)
    return [await counter('Clicks'), await counter('Payments')]
  }

  test('twenty clicks in two tabs are one payment, and fewer requests than clicks', async () => {
    const counted = await clickTwenty()

    assert.deepEqual(counted, [20, 1])
    assert.ok((await counter('Requests')) < 20)
    assert.equal(at.services.stripe.counts.sessions - sessions, 1)
  })

  test('without Redis the page goes on, and what waits for Redis is replayed afterwards', async () => {
    await eventually(async () => (await figure('Visits')) > 0)

    await plug().click()
    await says('Unplugged.')
    await eventually(async () => (await figure('Waiting')) >= 20)
    const counted = await clickTwenty()
    const replayed = await figure('Replayed')
    await plug().click()
    await says('All writes of the outage have been replayed.')

    assert.deepEqual(counted, [20, 1])
    assert.equal(at.services.stripe.counts.sessions - sessions, 1)
    assert.deepEqual([await figure('Waiting'), await figure('Failed')], [0, 0])
    assert.ok((await figure('Replayed')) >= replayed + 20)
  })

  test('it works with the keyboard alone', async () => {
    await page.getByRole('button', { name: 'Click 20 times' }).focus()
    await page.keyboard.press('Enter')
    await plug().focus()
    await page.keyboard.press('Space')
    await says('Unplugged.')
    await says(/^20 clicks, \d+ requests, 1 payment\.$/)
    await page.keyboard.press('Space')
    await says('All writes of the outage have been replayed.')

    assert.equal(await plug().getAttribute('aria-checked'), 'true')
  })

  test('what the page gets holds no credentials', async () => {
    const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, DEMO_CONTROL_URL } = at.services.environment
    const pulse = await fetch(`${at.app.url}/api/demo/pulse`, { method: 'POST' })
    const text = (await pulse.text()) + (await (await fetch(at.app.url)).text())

    for (const secret of [UPSTASH_REDIS_REST_TOKEN, UPSTASH_REDIS_REST_URL, DEMO_CONTROL_URL]) {
      assert.ok(!text.includes(secret))
    }
  })
}
