// What can be booked, and what a booking request must look like. Used on both sides.

export const event = {
  id: 'strategy-session',
  title: 'Strategy session',
  minutes: 45,
  price: { amount: 6000, currency: 'eur', label: '€60' },
}

const HOURS_UTC = [9, 11, 15]
const DAYS = 2

export interface Slot {
  startTime: string
  day: string
  time: string
}

export interface Booking {
  eventId: string
  guestName: string
  guestEmail: string
  startTime: string
}

/** The slots of the next working days after `now`. */
export function upcomingSlots(now: Date): Slot[] {
  const day = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()))
  const slots: Slot[] = []
  while (slots.length < DAYS * HOURS_UTC.length) {
    day.setUTCDate(day.getUTCDate() + 1)
    const isWeekend = day.getUTCDay() === 0 || day.getUTCDay() === 6
    if (!isWeekend) slots.push(...HOURS_UTC.map((hour) => slot(day, hour)))
  }
  return slots
}

function slot(day: Date, hour: number): Slot {
  const start = new Date(day)
  start.setUTCHours(hour)
  return {
    startTime: start.toISOString(),
    day: start.toLocaleDateString('en-GB', {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      timeZone: 'UTC',
    }),
    time: start.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' }),
  }
}

/** The booking in a request's body, or a sentence that says what is wrong with it. */
export function parseBooking(body: unknown, now: Date): Booking | string {
  const { eventId, guestName, guestEmail, startTime } = (body ?? {}) as Record<string, unknown>
  if (eventId !== event.id) return 'There is no such event.'
  if (typeof guestName !== 'string' || !guestName.trim() || guestName.length > 100)
    return 'Please enter your name.'
  if (typeof guestEmail !== 'string' || guestEmail.length > 254 || !/^\S+@\S+\.\S+$/.test(guestEmail.trim()))
    return 'Please enter an e-mail address like name@example.com.'
  const isOffered = upcomingSlots(now).some((slot) => slot.startTime === startTime)
  if (typeof startTime !== 'string' || !isOffered) return 'This time is not offered any more.'
  return { eventId, guestName: guestName.trim(), guestEmail: guestEmail.trim().toLowerCase(), startTime }
}
