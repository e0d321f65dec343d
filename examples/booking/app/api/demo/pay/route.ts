import type { NextRequest } from 'next/server'
import { idempotentRoute } from 'redlatch/next'
import { event } from '@/lib/booking'
import { respond } from '@/lib/outcome'
import { createCheckout } from '@/lib/stripe'

/** One click in the demonstration. Its order is the idempotency key, so that all tabs get the same payment. */
export const POST = idempotentRoute(
  async (request: NextRequest) => {
    const order = request.headers.get('idempotency-key') ?? ''
    if (!/^[a-f\d]{16}$/.test(order)) {
      return respond({ kind: 'failed', message: 'The order is missing.' }, 400)
    }
    if (process.env.STRIPE_SECRET_KEY) {
      const message = 'The demonstration pays at the stand-in for Stripe only.'
      return respond({ kind: 'failed', message }, 400)
    }
    const guestEmail = `${order}@example.com`
    const booking = { eventId: event.id, guestName: 'Demonstration', guestEmail, startTime: 'now' }
    return respond({ kind: 'created', url: await createCheckout(booking, request.nextUrl.origin, order) })
  },
  { scope: () => 'demonstration' },
)
