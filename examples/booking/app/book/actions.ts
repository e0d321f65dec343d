'use server'

import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { idempotentAction } from 'redlatch/next'
import { book, once } from '@/lib/book'
import { event, parseBooking } from '@/lib/booking'
import { keepOutcome } from '@/lib/kept-outcome'
import { limitBooking } from '@/lib/limits'
import type { Outcome } from '@/lib/outcome'
import { FormCache } from '@/lib/redis'

/** Takes the form where no script runs, or none yet. The limits come first: a denied form is not the outcome of its key. */
export async function submitBooking(form: FormData): Promise<void> {
  const { denied } = await limitBooking({ headers: new Headers(await headers()) }, bookingIn(form))
  if (denied) redirect(`/book/outcome?id=${await keepOutcome(denied)}`)
  await bookOnce(form)
}

/** The page that says what became of the form is part of the outcome, so a repeated submission leads there, too. */
const bookOnce = idempotentAction(
  async function bookFromForm(form: FormData): Promise<void> {
    const id = await keepOutcome(await outcomeFor(form))
    redirect(`/book/outcome?id=${id}`)
  },
  { ...once, key: keyOf },
)

const bookingIn = (form: FormData) => ({ eventId: event.id, ...Object.fromEntries(form) })

async function outcomeFor(form: FormData): Promise<Outcome> {
  const booking = parseBooking(bookingIn(form), new Date())
  if (typeof booking === 'string') return { kind: 'failed', message: booking }
  const sent = await headers()
  const origin = `${sent.get('x-forwarded-proto') ?? 'http'}://${sent.get('host')}`
  return book(booking, origin, String(form.get('idempotencyKey')))
}

/** The hidden field, and the rest of the form: a guest who goes back and chooses another time sends the same field again. */
function keyOf(form: FormData): string | null {
  const names = ['idempotencyKey', 'guestName', 'guestEmail', 'startTime']
  const [key, ...fields] = names.map((name) => String(form.get(name) ?? ''))
  return key ? FormCache.key(key, ...fields) : null
}
