import type { NextRequest } from 'next/server'
import { type Booking, parseBooking } from '@/lib/booking'
import { type Outcome, respond } from '@/lib/outcome'
import { payOnce } from '@/lib/pay-once'
import { createCheckout } from '@/lib/stripe'
import { holdTime, keepSession, releaseTime } from '@/lib/times'

export async function POST(request: NextRequest) {
  const idempotencyKey = request.headers.get('idempotency-key') ?? ''
  if (!/^[\w-]{8,64}$/.test(idempotencyKey)) {
    return respond({ kind: 'failed', message: 'The Idempotency-Key header is missing.' }, 400)
  }
  const booking = parseBooking(await request.json().catch(() => null), new Date())
  if (typeof booking === 'string') return respond({ kind: 'failed', message: booking }, 400)
  const { origin } = request.nextUrl
  return respond(await payOnce(booking, idempotencyKey, (requestKey) => book(booking, origin, requestKey)))
}

/** Holds the time and makes the session in which it is paid. */
async function book(booking: Booking, origin: string, requestKey: string): Promise<Outcome> {
  const settled = await holdTime(booking)
  if (settled) return settled
  let url: string
  try {
    url = await createCheckout(booking, origin, requestKey)
  } catch (error) {
    await releaseTime(booking)
    throw error
  }
  // The guest has a session now, and must get it even if the cache is full.
  await keepSession(booking, url).catch((error) => console.error('booking: a session is not kept:', error))
  return { kind: 'created', url }
}
