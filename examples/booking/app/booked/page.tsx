import type { Metadata } from 'next'
import Link from 'next/link'
import { paidTime } from '@/lib/stripe'
import { takeTime } from '@/lib/times'

export const metadata: Metadata = { title: 'Your booking' }

/** Where Stripe sends the guest after the payment. A shop would also listen to the webhook, for guests who do not come. */
export default async function Page({ searchParams }: PageProps<'/booked'>) {
  const { session } = await searchParams
  const startTime = typeof session === 'string' && /^cs_\w{8,}$/.test(session) ? await confirm(session) : null
  if (startTime) await takeTime(startTime)
  return (
    <section className="card narrow">
      <h1>{startTime ? 'Booked' : 'Not paid yet'}</h1>
      {startTime ? (
        <p>
          Thank you. {describe(startTime)} is yours, and is not offered any more. The invitation is on its way
          to your inbox.
        </p>
      ) : (
        <p>No payment has been confirmed for this address.</p>
      )}
      <Link href="/book">{startTime ? 'Book another session' : 'To the booking page'}</Link>
    </section>
  )
}

async function confirm(session: string): Promise<string | null> {
  try {
    return await paidTime(session)
  } catch (error) {
    console.error('booking: a payment cannot be confirmed:', error)
    return null
  }
}

function describe(startTime: string): string {
  return `${new Date(startTime).toLocaleString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
  })} UTC`
}
