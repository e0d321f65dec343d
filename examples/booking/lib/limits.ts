// How often payments may be prepared, by address, by e-mail address and for the event, and how often mails are sent. Each is
// one request to Redis.

import { clientAddress, type Duration, RateLimiter, rateLimitHeaders } from 'redlatch'
import { type Booking, parseBooking } from './booking'
import type { Outcome } from './outcome'

type Limit = [requests: number, window: Duration]
type Name = 'address' | 'email' | 'event' | 'sender' | 'mailbox'

/** Generous, because a guest who tries again is welcome. BOOKING_LIMITS replaces some, as `{"email":[2,"10 m"]}`. */
const sizes: Record<Name, Limit> = {
  address: [100, '10 m'],
  email: [30, '10 m'],
  event: [1000, '10 m'],
  sender: [100, '10 m'],
  mailbox: [5, '10 m'],
  ...JSON.parse(process.env.BOOKING_LIMITS || '{}'),
}

const limiterOf = (name: Name) =>
  new RateLimiter({ name, prefix: 'booking-limit', limiter: RateLimiter.gcra(...sizes[name]) })

const perAddress = limiterOf('address')
const perEmail = limiterOf('email')
const perEvent = limiterOf('event')
const perSender = limiterOf('sender')
const perMailbox = limiterOf('mailbox')

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

/** How long to wait before another mail to `email`, in milliseconds; 0 if it may be sent, and then it counts. */
export async function limitMail(request: { headers: Headers }, email: string): Promise<number> {
  const { results } = await RateLimiter.limitAll([
    { limiter: perSender, id: clientAddress(request) },
    { limiter: perMailbox, id: email },
  ])
  return Math.max(...results.map((result) => result.retryAfterMs))
}
