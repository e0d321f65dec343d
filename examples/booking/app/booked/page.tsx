import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'Booked' }

export default function Page() {
  return (
    <section className="card narrow">
      <h1>Booked</h1>
      <p>Thank you. The invitation is on its way to your inbox.</p>
      <Link href="/">Book another session</Link>
    </section>
  )
}
