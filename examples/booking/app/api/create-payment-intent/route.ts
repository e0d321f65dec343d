import type { NextRequest } from 'next/server'
import { idempotentRoute } from 'redlatch/next'
import { book, once } from '@/lib/book'
import { parseBooking } from '@/lib/booking'
import { limitBooking } from '@/lib/limits'
import { respond } from '@/lib/outcome'

/** Only a session that was made is an answer for good: anything else can be tried again with the same key. */
const store = ({ ok }: Response) => ok

const answer = idempotentRoute(
  async (request: NextRequest) => {
    const booking = parseBooking(await request.json().catch(() => null), new Date())
    if (typeof booking === 'string') return respond({ kind: 'failed', message: booking }, 400)
    const key = request.headers.get('idempotency-key') ?? ''
    return respond(await book(booking, request.nextUrl.origin, key))
  },
  { ...once, store },
)

/** The limits come first: a request that is denied takes no key and holds no time. */
export async function POST(request: NextRequest): Promise<Response> {
  const sent = await request
    .clone()
    .json()
    .catch(() => null)
  const { denied, headers } = await limitBooking(request, sent)
  const response = denied ? respond(denied) : await answer(request)
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}
