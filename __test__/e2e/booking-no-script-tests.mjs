// The booking form in a browser that runs no scripts: a server action, and a page for what became of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bookingGuests } from './booking-guests.mjs'
import { clicker, countPosts, newGuest } from './browser.mjs'
import { eventually } from './eventually.mjs'

export function noScriptTests(setting) {
  const { at, guest, made } = bookingGuests(setting, { javaScriptEnabled: false })

  /** Two tabs with one key, as of a guest who goes back to a page that the browser has kept. */
  async function guestWhoGoesBack() {
    const email = newGuest()
    const [first, again] = [await guest(email), await guest(email)]
    const key = (tab) => tab.page.locator('input[name=idempotencyKey]')
    const value = await key(first).getAttribute('value')
    await key(again).evaluate((input, text) => input.setAttribute('value', text), value)
    return [first, again]
  }

  test('without a script, one submit makes one session and leads to the payment', async () => {
    const { button, told, paymentUrl, page } = await guest()

    await button.click()
    await told('Time held')

    assert.ok((await paymentUrl()).startsWith(at.services.stripe.url))
    assert.equal(new URL(page.url()).pathname, '/book/outcome')
    assert.equal(made('sessions'), 1)
  })

  test('without a script, a second click makes no second session', async () => {
    at.services.stripe.control.delayMs = 1000
    const { button, told, page } = await guest()
    const sent = countPosts(page)
    const click = await clicker(button)

    for (const count of [1, 2]) {
      await click()
      await eventually(() => sent() === count)
    }
    await told('Time held')

    assert.equal(made('sessions'), 1)
  })

  test('without a script, the form once more leads to the same payment', async () => {
    const [first, again] = await guestWhoGoesBack()

    for (const { button, told } of [first, again]) {
      await button.click()
      await told('Time held')
    }

    assert.equal(await again.paymentUrl(), await first.paymentUrl())
    assert.equal(made('sessions'), 1)
  })

  test('without a script, a guest who goes back to choose another time books that one', async () => {
    const [first, again] = await guestWhoGoesBack()

    await first.button.click()
    await first.told('Time held')
    await again.choose(1)
    await again.button.click()
    await again.told('Time held')

    assert.notEqual(await again.paymentUrl(), await first.paymentUrl())
    assert.equal(made('sessions'), 2)
  })

  test('without a script, another tab is told that it is blocked, and another guest that the time is taken', async () => {
    at.services.stripe.control.delayMs = 1000
    const email = newGuest()
    const [first, second, other] = [await guest(email), await guest(email), await guest()]

    const clicked = first.button.click()
    await eventually(() => made('sessionRequests') === 1)
    await second.button.click()
    await second.told('One click was enough')
    await other.button.click()
    await other.told('Please choose another time')
    await clicked
    await first.told('Time held')

    assert.equal(made('sessions'), 1)
  })

  test('without a script, a failed payment can be retried from the page that says so', async () => {
    at.services.stripe.control.declineNext = 1
    const email = newGuest()
    const { button, told, fill, page } = await guest(email)

    await button.click()
    await told('Not booked')
    await page.getByText('Your card was declined.').waitFor()
    await page.getByRole('link', { name: 'To the booking page' }).click()
    await fill(email)
    await button.click()
    await told('Time held')

    assert.equal(made('sessions'), 1)
  })
}
