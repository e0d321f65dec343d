// The limits of the booking page: what a guest sees who tries too often, and what clients are told. The app is one of its own
// that admits one booking in ten seconds of an e-mail address.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { AxeBuilder } from '@axe-core/playwright'

import { serve } from './app.mjs'
import { bookingGuests } from './booking-guests.mjs'
import { countPosts, newGuest } from './browser.mjs'
import { eventually } from './eventually.mjs'

const LIMITS = { address: [50, '1 h'], email: [1, '10 s'] }

export function limitTests(setting) {
  const limited = {}

  before(async () => {
    const environment = { ...setting().services.environment, BOOKING_LIMITS: JSON.stringify(LIMITS) }
    Object.assign(limited, setting(), { app: await serve('start', environment) })
  })

  after(() => limited.app?.stop())

  describe('in a browser', () => withScripts(() => limited))
  describe('without scripts', () => withoutScripts(() => limited))
  describe('for any client', () => forClients(() => limited))
}

function withScripts(setting) {
  const { guest, made } = bookingGuests(setting)

  test('a guest who has to wait sees for how long, keeps the focus, and goes on with the keyboard', async () => {
    const email = newGuest()
    const [first, { page, button, choose, told }] = [await guest(email), await guest(email)]
    await choose(1)
    const sent = countPosts(page)
    await first.button.click()
    await first.told('Time held')

    await button.press('Enter')
    await told('Too many attempts')
    assert.equal(await button.getAttribute('aria-disabled'), 'true')
    const panel = page.getByRole('status')
    const read = panel.locator('.unseen')
    const shown = panel.locator('[aria-hidden=true]')
    const [atFirst, seconds] = [await read.textContent(), await shown.textContent()]
    await page.keyboard.press('Enter')
    await eventually(async () => (await shown.textContent()) !== seconds)

    assert.match(atFirst, /^You can try again in \d+ seconds?\.$/)
    assert.equal(await read.textContent(), atFirst)
    assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations, [])
    assert.deepEqual([sent(), made('sessions')], [1, 1])

    await told('Thank you for waiting')
    assert.equal(await button.getAttribute('aria-disabled'), 'false')
    await page.keyboard.press('Enter')
    await told('Time held')

    assert.deepEqual([sent(), made('sessions')], [2, 2])
  })
}

function withoutScripts(setting) {
  const { guest, made } = bookingGuests(setting, { javaScriptEnabled: false })

  test('a guest who has to wait is told so, and the form is not spent', async () => {
    const email = newGuest()
    const [first, again] = [await guest(email), await guest(email)]
    const key = again.page.locator('input[name=idempotencyKey]')
    const value = await key.getAttribute('value')
    const submitAgain = async () => {
      await again.choose(1)
      await again.button.click()
      await again.page.getByRole('link', { name: 'To the booking page' }).waitFor()
    }
    await first.button.click()
    await first.told('Time held')

    await submitAgain()
    await again.told('Too many attempts')
    assert.equal(made('sessions'), 1)
    // With the key of the form that was denied, as a guest has it who goes back to a page that the browser has kept.
    await eventually(async () => {
      await again.page.goBack()
      await key.evaluate((input, text) => input.setAttribute('value', text), value)
      await again.fill(email)
      await submitAgain()
      return again.page.getByText('Time held.').isVisible()
    })

    assert.equal(made('sessions'), 2)
  })
}

function forClients(setting) {
  const { at, made } = bookingGuests(setting)

  const post = async (booking, key) => {
    const response = await fetch(`${at.app.url}/api/create-payment-intent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(booking),
    })
    return { status: response.status, headers: response.headers, answer: await response.json() }
  }

  /** What is left for each limit, from the header. */
  const left = ({ headers }) =>
    Object.fromEntries(
      [...headers.get('ratelimit').matchAll(/"(\w+)";r=(\d+)/g)].map(([, name, count]) => [
        name,
        Number(count),
      ]),
    )

  test('every answer says what is left, and one that is denied consumes nothing of any limit', async () => {
    const page = await (await at.browser.newContext()).newPage()
    await page.goto(`${at.app.url}/book`)
    const times = await page.getByRole('radio').evaluateAll((all) => all.map(({ value }) => value))
    const booking = (startTime) => ({
      eventId: 'strategy-session',
      guestName: 'Ada',
      guestEmail: 'ada@example.com',
      startTime,
    })

    const wrong = await post({ eventId: 'nothing' }, newGuest())
    const created = await post(booking(times[0]), newGuest())
    const denied = [await post(booking(times[1]), newGuest()), await post(booking(times[1]), newGuest())]
    const wrongAgain = await post({ eventId: 'nothing' }, newGuest())

    assert.deepEqual([wrong.status, created.status], [400, 201])
    assert.deepEqual([wrong, created, wrongAgain].map(left), [
      { address: 49 },
      { address: 48, email: 0, event: 999 },
      { address: 47 },
    ])
    for (const { status, headers, answer } of denied) {
      assert.equal(status, 429)
      assert.ok(Number(headers.get('retry-after')) >= 1)
      assert.deepEqual([answer.kind, answer.retryAfterMs > 0], ['limited', true])
      assert.match(headers.get('ratelimit'), /"email";r=0/)
    }
    assert.equal(made('sessions'), 1)
  })
}
