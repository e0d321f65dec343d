// What booking means, to the route and to the server action. They run it once for a key; the claim of the form stops what has
// another key: the same form from a second tab.

import { createHash } from 'node:crypto'
import type { Booking } from './booking'
import type { Outcome } from './outcome'
import { FormCache } from './redis'
import { createCheckout, describeFailure } from './stripe'
import { holdTime, keepSession, releaseTime } from './times'

/**
 * The options of route and action alike. Guests have no accounts that could be the scope, but their keys are random. A
 * repeat waits longer than a payment usually takes to prepare.
 */
export const once = { scope: () => 'guests', waitMs: 20_000 }

/** Longer than the slowest attempt, so that nobody overtakes it; short, because a crash blocks the form for so long. */
const CLAIM_SECONDS = 60

/** Books for one guest at a time. Whatever happens, the claim of the form does not outlive this as a claim. */
export async function book(booking: Booking, origin: string, idempotencyKey: string): Promise<Outcome> {
  const { eventId, guestEmail, startTime } = booking
  const form = FormCache.generateKey(eventId, guestEmail, startTime)
  const claim = { eventId, guestEmail, startTime, timestamp: Date.now() }
  if (!(await FormCache.tryAcquireProcessing(form, claim, CLAIM_SECONDS))) {
    return { kind: 'blocked', isProcessing: await FormCache.isProcessing(form) }
  }
  let outcome: Outcome
  try {
    outcome = await prepare(booking, origin, stripeKey(idempotencyKey, form))
  } catch (error) {
    console.error('booking: no session was made:', error)
    outcome = { kind: 'failed', message: describeFailure(error) }
  }
  // The guest has a session now, and must get it even if the form cannot be marked.
  if ('url' in outcome) await FormCache.markCompleted(form).catch(log)
  else await FormCache.delete(form)
  return outcome
}

/** Holds the time and makes the session in which it is paid. */
async function prepare(booking: Booking, origin: string, requestKey: string): Promise<Outcome> {
  const settled = await holdTime(booking)
  if (settled) return settled
  let url: string
  try {
    url = await createCheckout(booking, origin, requestKey)
  } catch (error) {
    await releaseTime(booking)
    throw error
  }
  await keepSession(booking, url).catch(log)
  return { kind: 'created', url }
}

const log = (error: unknown) => console.error('booking: a session was made and is not kept:', error)

/** What Stripe knows the request by: after a crash in mid-payment, the next run gets the session of the one before. */
function stripeKey(idempotencyKey: string, form: string): string {
  return createHash('sha256').update(FormCache.key(idempotencyKey, form)).digest('hex')
}
