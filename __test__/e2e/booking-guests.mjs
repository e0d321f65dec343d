// What the tests of the booking page share: free times, counts from zero, and guests.

import { afterEach, beforeEach } from 'node:test'

import { newGuest, openBooking } from './browser.mjs'

/**
 * Prepares each test of a suite on the app that `setting()` returns: its address, its services and a browser. Guests come
 * with contexts as `contextOptions` say.
 */
export function bookingGuests(setting, contextOptions = {}) {
  // It is filled before the first test.
  const at = setting()
  let before

  beforeEach(async () => {
    await at.services.forget()
    const { counts, control } = at.services.stripe
    Object.assign(control, { delayMs: 0, declineNext: 0 })
    before = { ...counts }
  })

  afterEach(() => Promise.all(at.browser.contexts().map((context) => context.close())))

  /** A tab in which the form is filled in; tabs of one guest share `context`. */
  async function guest(email = newGuest(), context = undefined) {
    const tab = await openBooking(context ?? (await at.browser.newContext(contextOptions)), at.app.url)
    await tab.fill(email)
    return tab
  }

  /** The counts of the stand-in for Stripe since the test began. */
  const made = (name) => at.services.stripe.counts[name] - before[name]

  return { at, guest, made }
}
