// The request that has been sent and not been answered, kept by the tab over a reload.

import type { Booking } from '@/lib/booking'

export interface Pending {
  booking: Booking
  idempotencyKey: string
}

const STORAGE_KEY = 'booking:pending'

/** The unanswered request; with `booking`, only if it was for that. */
export function pending(booking?: Booking): Pending | null {
  const text = sessionStorage.getItem(STORAGE_KEY)
  const unanswered: Pending | null = text === null ? null : JSON.parse(text)
  const isOther = booking && JSON.stringify(unanswered?.booking) !== JSON.stringify(booking)
  return isOther ? null : unanswered
}

/** Gives `booking` a new idempotency key and keeps both. */
export function remember(booking: Booking): Pending {
  const request = { booking, idempotencyKey: newKey() }
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(request))
  return request
}

export function forgetPending(): void {
  sessionStorage.removeItem(STORAGE_KEY)
}

/** Not `randomUUID`, which browsers have on https and localhost only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
