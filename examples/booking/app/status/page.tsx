import type { Metadata } from 'next'
import { readHealth } from '@/lib/health'
import { checkRoundTrip } from './round-trip'
import { RoundTripForm } from './round-trip-form'
import { StatusBoard } from './status-board'

export const metadata: Metadata = { title: 'Status' }
export const dynamic = 'force-dynamic'

export default async function Page() {
  return (
    <div className="status-page">
      <h1>Status</h1>
      <StatusBoard first={await readHealth()} />
      <RoundTripForm check={checkRoundTrip} />
    </div>
  )
}
