import type { NextRequest } from 'next/server'
import { type Booking, parseBooking } from '@/lib/booking'
import type { Outcome } from '@/lib/outcome'
import { FormCache, IdempotencyCache } from '@/lib/redis'
import { createCheckout, describeFailure } from '@/lib/stripe'

/** Longer than the slowest attempt, so that nobody overtakes it; short, because a crash blocks the form for so long. */
const CLAIM_SECONDS = 60

export async function POST(request: NextRequest) {
  const idempotencyKey = request.headers.get('idempotency-key') ?? ''
  if (!/^[\w-]{8,64}$/.test(idempotencyKey)) {
    return answer(400, { kind: 'failed', message: 'The Idempotency-Key header is missing.' })
  }
  const booking = parseBooking(await request.json().catch(() => null), new Date())
  if (typeof booking === 'string') return answer(400, { kind: 'failed', message: booking })

  const formKey = FormCache.generateKey(booking.eventId, booking.guestEmail, booking.startTime)
  // Bound to the form: another guest's request with the same key does not get this guest's answer.
  const requestKey = `${idempotencyKey}-${formKey}`

  const remembered = await IdempotencyCache.get(requestKey)
  if (remembered) return answer(200, { kind: 'replayed', url: remembered.url })

  const { eventId, guestEmail, startTime } = booking
  const claim = { eventId, guestEmail, startTime, timestamp: Date.now() }
  if (!(await FormCache.tryAcquireProcessing(formKey, claim, CLAIM_SECONDS))) {
    return refuse(requestKey, formKey)
  }
  return work(booking, request.nextUrl.origin, requestKey, formKey)
}

/** The claim is someone else's. If that was this very request, sent before, its answer may be there by now. */
async function refuse(requestKey: string, formKey: string) {
  const isProcessing = await FormCache.isProcessing(formKey)
  const remembered = await IdempotencyCache.get(requestKey)
  if (remembered) return answer(200, { kind: 'replayed', url: remembered.url })
  return answer(409, { kind: 'blocked', isProcessing })
}

/** Makes the session. The claim is this request's, and whatever happens, it does not outlive it as a claim. */
async function work(booking: Booking, origin: string, requestKey: string, formKey: string) {
  let url: string
  try {
    // An earlier try of this request may have ended between the look above and the claim.
    const remembered = await IdempotencyCache.get(requestKey)
    if (remembered) {
      await FormCache.markCompleted(formKey)
      return answer(200, { kind: 'replayed', url: remembered.url })
    }
    url = await createCheckout(booking, origin, requestKey)
  } catch (error) {
    console.error('booking: no session was made:', error)
    await FormCache.delete(formKey)
    return answer(502, { kind: 'failed', message: describeFailure(error) })
  }
  // The guest has a session now, and must get it even if it cannot be remembered.
  await Promise.allSettled([IdempotencyCache.set(requestKey, { url }), FormCache.markCompleted(formKey)])
  return answer(201, { kind: 'created', url })
}

function answer(status: number, outcome: Outcome) {
  return Response.json(outcome, { status })
}
