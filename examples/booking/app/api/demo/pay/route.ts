import type { NextRequest } from 'next/server'
import { event } from '@/lib/booking'
import { respond } from '@/lib/outcome'
import { payOnce } from '@/lib/pay-once'
import { createCheckout } from '@/lib/stripe'

/** One click in the demonstration. Its order is the form and the idempotency key, so that all tabs get the same payment. */
export async function POST(request: NextRequest) {
  const { order } = await request.json().catch(() => ({}))
  if (typeof order !== 'string' || !/^[a-f\d]{16}$/.test(order)) {
    return respond({ kind: 'failed', message: 'The order is missing.' }, 400)
  }
  if (process.env.STRIPE_SECRET_KEY) {
    return respond(
      { kind: 'failed', message: 'The demonstration pays at the stand-in for Stripe only.' },
      400,
    )
  }
  const guestEmail = `${order}@example.com`
  const booking = { eventId: event.id, guestName: 'Demonstration', guestEmail, startTime: 'now' }
  const outcome = await payOnce(booking, order, async (requestKey) => ({
    kind: 'created',
    url: await createCheckout(booking, request.nextUrl.origin, requestKey),
  }))
  return respond(outcome)
}
