// What a guest can do to the booking page without being booked twice. Sessions are counted by the stand-in for Stripe.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bookingGuests } from './booking-guests.mjs'
import { newGuest } from './browser.mjs'
import { eventually } from './eventually.mjs'

/** The tests on the app that `setting()` returns: its address, its services and a browser. */
export function bookingTests(setting) {
  const { at, guest, made } = bookingGuests(setting)

  test('one submit makes one session and one customer, and leads to the payment', async () => {
    const { button, told, paymentUrl, errors } = await guest()

    await button.click()
    await told('Time held')

    assert.ok((await paymentUrl()).startsWith(at.services.stripe.url))
    assert.deepEqual([made('sessions'), made('customers'), errors], [1, 1, []])
  })

  test('the form can be sent with the keyboard alone', async () => {
    const { page, told } = await guest()

    await page.getByLabel('E-mail').press('Tab')
    await page.keyboard.press('Enter')
    await told('Time held')

    assert.equal(made('sessions'), 1)
  })

  test('a double click makes one session', async () => {
    at.services.stripe.control.delayMs = 300
    const { button, told } = await guest()

    await button.dblclick()
    await told('Time held')

    assert.deepEqual([made('sessions'), made('sessionRequests')], [1, 1])
  })

  test('two tabs at once make one session, and the other tab is told that it is blocked', async () => {
    at.services.stripe.control.delayMs = 500
    const email = newGuest()
    const context = await at.browser.newContext()
    const tabs = await Promise.all([guest(email, context), guest(email, context)])

    await Promise.all(tabs.map(({ button }) => button.click()))
    await Promise.any(tabs.map(({ told }) => told('Time held')))
    await Promise.any(tabs.map(({ told }) => told('One click was enough')))

    assert.deepEqual([made('sessions'), made('sessionRequests')], [1, 1])
  })

  test('a reload in mid-submission makes one session, and the page picks it up', async () => {
    at.services.stripe.control.delayMs = 800
    const { page, button, told, paymentUrl } = await guest()

    await button.click()
    await eventually(() => made('sessionRequests') === 1)
    await page.reload()
    await told('Still yours')

    assert.ok((await paymentUrl()).startsWith(at.services.stripe.url))
    assert.deepEqual([made('sessions'), made('sessionRequests')], [1, 1])
  })

  test('a request without an answer is not made twice when the guest tries again', async () => {
    const { page, button, told } = await guest()
    await page.route('**/api/create-payment-intent', async (route) => {
      await route.fetch()
      await route.abort()
    })

    await button.click()
    await told('No connection')
    await page.unroute('**/api/create-payment-intent')
    await button.click()
    await told('Still yours')

    assert.equal(made('sessions'), 1)
  })

  test('a failed payment can be retried', async () => {
    at.services.stripe.control.declineNext = 1
    const { button, told, page } = await guest()

    await button.click()
    await told('Not booked')
    await page.getByText('Your card was declined.').waitFor()
    assert.equal(made('sessions'), 0)
    await button.click()
    await told('Time held')

    assert.equal(made('sessions'), 1)
  })

  test('a guest who cancels the payment gets the same one again, also later', async () => {
    const email = newGuest()
    const { page, button, fill, told, paymentUrl } = await guest(email)

    await button.click()
    await told('Time held')
    const first = await paymentUrl()
    await page.goto(first)
    await page.getByRole('link', { name: 'Cancel' }).click()
    await told('Payment cancelled')
    await fill(email)
    await eventually(async () => {
      const answer = page.waitForResponse('**/api/create-payment-intent')
      await button.click()
      return (await answer).status() === 200
    })
    await told('Still yours')

    assert.deepEqual([await paymentUrl(), made('sessions')], [first, 1])
  })

  test('a time that is paid is not offered again, and is refused to who has the old page', async () => {
    const [first, late] = [await guest(), await guest()]
    const time = await first.page.getByRole('radio', { checked: true }).getAttribute('value')

    await first.button.click()
    await first.told('Time held')
    await first.page.goto(await first.paymentUrl())
    await first.page.getByRole('button', { name: 'Pay' }).click()
    await first.page.getByRole('heading', { name: 'Booked', exact: true }).waitFor()
    await late.button.click()
    await late.told('Please choose another time')
    await late.page.reload()

    assert.notEqual(await late.page.getByRole('radio').first().getAttribute('value'), time)
    assert.equal(made('sessions'), 1)
  })

  test('on a phone the page scrolls to what became of the booking', async () => {
    const context = await at.browser.newContext({ viewport: { width: 390, height: 600 } })
    const { page, button, told } = await guest(newGuest(), context)

    await button.click()
    await told('Time held')

    await eventually(() =>
      page.getByRole('link', { name: 'Continue to payment' }).evaluate((link) => {
        const { top, bottom } = link.getBoundingClientRect()
        return top >= 0 && bottom <= innerHeight
      }),
    )
  })

  test('Redis that goes in mid-submission does not keep the guest from the payment', async () => {
    at.services.stripe.control.delayMs = 800
    const { button, told } = await guest()

    await button.click()
    await eventually(() => made('sessionRequests') === 1)
    await at.services.redis.stop()
    await told('Time held')
    await at.services.redis.start()

    assert.equal(made('sessions'), 1)
  })

  // Without Redis the app goes by what it last knew of a time, so each of these bookings has a time of its own.
  for (const [what, fail, recover, times] of [
    ['Redis', ({ redis }) => redis.stop(), ({ redis }) => redis.start(), [1, 2]],
    ['the REST endpoint', ({ gateway }) => gateway.refuse(), ({ gateway }) => gateway.recover(), [3, 4]],
  ]) {
    test(`without ${what} the page works and blocks, and the status page says how it is`, async () => {
      const status = await (await at.browser.newContext()).newPage()
      const shows = (text) => status.getByRole('status').getByText(text).waitFor()
      await status.goto(`${at.app.url}/status`)
      await shows('Redis answers')

      await fail(at.services)
      await shows('Redis cannot be reached')
      at.services.stripe.control.delayMs = 500
      const email = newGuest()
      const tabs = await Promise.all([guest(email), guest(email)])
      await Promise.all(tabs.map(({ choose }) => choose(times[0])))
      await Promise.all(tabs.map(({ button }) => button.click()))
      await Promise.any(tabs.map(({ told }) => told('Time held')))
      await Promise.any(tabs.map(({ told }) => told('One click was enough')))
      assert.equal(made('sessions'), 1)

      await recover(at.services)
      await shows('Redis answers')
      const { choose, button, told } = await guest()
      await choose(times[1])
      await button.click()
      await told('Time held')
    })
  }

  test('a server action writes and reads on the status page', async () => {
    const page = await (await at.browser.newContext()).newPage()
    await page.goto(`${at.app.url}/status`)

    await page.getByRole('button').click()

    await page.getByText('(Redis)').waitFor()
  })

  test('what the status page gets holds no credentials', async () => {
    const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN } = at.services.environment
    const text = await (await fetch(`${at.app.url}/api/health`)).text()

    assert.match(text, /"status":"healthy"/)
    assert.ok(!text.includes(UPSTASH_REDIS_REST_TOKEN))
    assert.ok(!text.includes(UPSTASH_REDIS_REST_URL))
  })
}
