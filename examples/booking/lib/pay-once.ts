import type { Outcome } from './outcome'
import { FormCache, IdempotencyCache } from './redis'
import { describeFailure } from './stripe'

/** Longer than the slowest attempt, so that nobody overtakes it; short, because a crash blocks the form for so long. */
const CLAIM_SECONDS = 60

export interface Submission {
  eventId: string
  guestEmail: string
  startTime: string
}

/** Lets one request at a time `pay` for a form. A repeat of a request, by its key, gets the same answer again. */
export async function payOnce(
  { eventId, guestEmail, startTime }: Submission,
  idempotencyKey: string,
  pay: (requestKey: string) => Promise<Outcome>,
): Promise<Outcome> {
  const formKey = FormCache.generateKey(eventId, guestEmail, startTime)
  // Bound to the form: another guest's request with the same key does not get this guest's answer.
  const requestKey = `${idempotencyKey}-${formKey}`

  const remembered = await IdempotencyCache.get(requestKey)
  if (remembered) return { kind: 'replayed', url: remembered.url }

  const claim = { eventId, guestEmail, startTime, timestamp: Date.now() }
  if (!(await FormCache.tryAcquireProcessing(formKey, claim, CLAIM_SECONDS)))
    return refuse(requestKey, formKey)
  return work(requestKey, formKey, pay)
}

/** The claim is someone else's. If that was this very request, sent before, its answer may be there by now. */
async function refuse(requestKey: string, formKey: string): Promise<Outcome> {
  const isProcessing = await FormCache.isProcessing(formKey)
  const remembered = await IdempotencyCache.get(requestKey)
  return remembered ? { kind: 'replayed', url: remembered.url } : { kind: 'blocked', isProcessing }
}

/** Pays. The claim is this request's, and whatever happens, it does not outlive it as a claim. */
async function work(
  requestKey: string,
  formKey: string,
  pay: (requestKey: string) => Promise<Outcome>,
): Promise<Outcome> {
  let outcome: Outcome
  try {
    // An earlier try of this request may have ended between the look above and the claim.
    const remembered = await IdempotencyCache.get(requestKey)
    outcome = remembered ? { kind: 'replayed', url: remembered.url } : await pay(requestKey)
  } catch (error) {
    console.error('booking: no session was made:', error)
    outcome = { kind: 'failed', message: describeFailure(error) }
  }
  if (!('url' in outcome)) {
    await FormCache.delete(formKey)
    return outcome
  }
  // The guest has a session now, and must get it even if it cannot be remembered.
  const { url } = outcome
  await Promise.allSettled([IdempotencyCache.set(requestKey, { url }), FormCache.markCompleted(formKey)])
  return outcome
}
