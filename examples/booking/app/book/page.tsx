import { randomUUID } from 'node:crypto'
import type { Metadata } from 'next'
import { event, upcomingSlots } from '@/lib/booking'
import { freeSlots } from '@/lib/times'
import { BookingForm } from './booking-form'

export const metadata: Metadata = { title: 'Book a strategy session' }
export const dynamic = 'force-dynamic'

export default async function Page({ searchParams }: PageProps<'/book'>) {
  const { cancelled } = await searchParams
  const slots = await freeSlots(upcomingSlots(new Date()))
  return (
    <div className="booking">
      <section className="intro" aria-labelledby="title">
        <p className="eyebrow">One to one, by video</p>
        <h1 id="title">{event.title}</h1>
        <p className="lead">
          Bring one question about your product. Leave with a plan for the next quarter that fits on a page.
        </p>
        <dl className="facts">
          <div>
            <dt>Duration</dt>
            <dd>{event.minutes} minutes</dd>
          </div>
          <div>
            <dt>Price</dt>
            <dd>{event.price.label}</dd>
          </div>
          <div>
            <dt>With</dt>
            <dd>Mara Lindqvist</dd>
          </div>
        </dl>
        <p className="aside">
          Click twice, open a second tab, reload half-way: there will be one booking and one payment.
        </p>
      </section>
      <BookingForm slots={slots} isCancelled={cancelled !== undefined} idempotencyKey={randomUUID()} />
    </div>
  )
}
