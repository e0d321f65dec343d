import type { Metadata } from 'next'
import Link from 'next/link'
import { keptOutcome } from '@/lib/kept-outcome'
import { OutcomePanel } from '../outcome-panel'
import { stateOf } from '../submission-state'

export const metadata: Metadata = { title: 'Your booking' }

/** Where the form leads without a script. */
export default async function Page({ searchParams }: PageProps<'/book/outcome'>) {
  const { id } = await searchParams
  const outcome = typeof id === 'string' ? await keptOutcome(id) : null
  return (
    <section className="card narrow">
      <h1>Your booking</h1>
      {outcome ? (
        <OutcomePanel state={stateOf(outcome)} />
      ) : (
        <p>What became of it is not known here any more.</p>
      )}
      <Link href="/book">To the booking page</Link>
    </section>
  )
}
