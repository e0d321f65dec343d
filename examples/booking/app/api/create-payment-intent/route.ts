import type { NextRequest } from 'next/server'
import { idempotentRoute } from 'redlatch/next'
import { book, once } from '@/lib/book'
import { parseBooking } from '@/lib/booking'
import { respond } from '@/lib/outcome'

/** Only a session that was made is an answer for good: anything else can be tried again with the same key. */
const store = ({ ok }: Response) => ok

export const POST = idempotentRoute(
  async (request: NextRequest) => {
    const booking = parseBooking(await request.json().catch(() => null), new Date())
    if (typeof booking === 'string') return respond({ kind: 'failed', message: booking }, 400)
    const key = request.headers.get('idempotency-key') ?? ''
    return respond(await book(booking, request.nextUrl.origin, key))
  },
  { ...once, store },
)
