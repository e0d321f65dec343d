// Which times are held and booked. An app with a database would have this there; here Redis holds it, each time under a
// key of its own.

import type { Booking, Slot } from './booking'
import type { Outcome } from './outcome'
import { redisManager } from './redis'

interface Hold {
  guestEmail: string
  /** Where the guest pays; `null` until Stripe has made the session. */
  url: string | null
  isPaid: boolean
}

/** As long as Stripe lets a session be paid. */
const HOLD_SECONDS = 86_400

const timeKey = (startTime: string) => `booking:time:${startTime}`

async function read(startTime: string): Promise<Hold | null> {
  const text = await redisManager.get(timeKey(startTime))
  return text === null ? null : JSON.parse(text)
}

/** The slots that nobody has paid for. One that is only held may become free again. */
export async function freeSlots(slots: Slot[]): Promise<Slot[]> {
  const texts = await redisManager.mget(slots.map(({ startTime }) => timeKey(startTime)))
  return slots.filter((_, index) => !JSON.parse(texts[index] ?? '{}').isPaid)
}

/** Holds the time for the guest; `null` if it is theirs now, otherwise why there is nothing more to pay. */
export async function holdTime({ startTime, guestEmail }: Booking): Promise<Outcome | null> {
  const mine: Hold = { guestEmail, url: null, isPaid: false }
  if (await redisManager.setNx(timeKey(startTime), JSON.stringify(mine), HOLD_SECONDS)) return null
  const hold = await read(startTime)
  if (hold?.guestEmail !== guestEmail || hold.isPaid) return { kind: 'taken', isPaid: hold?.isPaid ?? false }
  // Without an address it is of an attempt that ended half-way: the claim of the form says that none goes on.
  return hold.url === null ? null : { kind: 'replayed', url: hold.url }
}

/** Lets a guest who comes back pay for the same session. */
export function keepSession({ startTime, guestEmail }: Booking, url: string): Promise<void> {
  const hold: Hold = { guestEmail, url, isPaid: false }
  return redisManager.set(timeKey(startTime), JSON.stringify(hold), HOLD_SECONDS)
}

export function releaseTime({ startTime }: Booking): Promise<void> {
  return redisManager.del(timeKey(startTime))
}

/** Takes a time that is paid for good: until a day after it. */
export async function takeTime(startTime: string): Promise<void> {
  const hold = (await read(startTime)) ?? { guestEmail: '', url: null }
  const seconds = Math.ceil((Date.parse(startTime) - Date.now()) / 1000) + 86_400
  await redisManager.set(timeKey(startTime), JSON.stringify({ ...hold, isPaid: true }), Math.max(seconds, 1))
}
