// How often payments may be prepared: by address, by e-mail address and for the event, all in one request to Redis.

import { clientAddress, type Duration, RateLimiter, rateLimitHeaders } from 'redlatch'
import { type Booking, parseBooking } from './booking'
import type { Outcome } from './outcome'

type Limit = [bookings: number, window: Duration]

/** Generous, because a guest who tries again is welcome. BOOKING_LIMITS replaces some, as `{"email":[2,"10 m"]}`. */
const sizes: Record<'address' | 'email' | 'event', Limit> = {
  address: [100, '10 m'],
  email: [30, '10 m'],
  event: [1000, '10 m'],
  ...JSON.parse(process.env.BOOKING_LIMITS || '{}'),
}

const limiterOf = (name: keyof typeof sizes) =>
  new RateLimiter({ name, prefix: 'booking-limit', limiter: RateLimiter.gcra(...sizes[name]) })

const perAddress = limiterOf('address')
const perEmail = limiterOf('email')
const perEvent = limiterOf('event')

export interface Limited {
  /** What the guest gets in place of a payment; `null` if all limits admit the request. */
  denied: Extract<Outcome, { kind: 'limited' }> | null
  /** For the response, whatever it says. */
  headers: Record<string, string>
}

/** Counts what a guest has sent in all limits, or in none. What is no booking only counts for the address. */
export async function limitBooking(request: { headers: Headers }, sent: unknown): Promise<Limited> {
  const checks = [
    { limiter: perAddress, id: clientAddress(request) },
    ...checksOf(parseBooking(sent, new Date())),
  ]
  const { success, results } = await RateLimiter.limitAll(checks)
  const retryAfterMs = Math.max(...results.map((result) => result.retryAfterMs))
  return {
    denied: success ? null : { kind: 'limited', retryAfterMs },
    headers: rateLimitHeaders(results),
  }
}

function checksOf(booking: Booking | string) {
  if (typeof booking === 'string') return []
  return [
    { limiter: perEmail, id: booking.guestEmail },
    { limiter: perEvent, id: booking.eventId },
  ]
}
