import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { currentSession, devicesOf, IDLE_MINUTES } from '@/lib/account'
import { signOut, signOutEverywhere } from '../sign-in/actions'
import './account.css'

export const metadata: Metadata = { title: 'Your account' }
export const dynamic = 'force-dynamic'

export default async function Page() {
  const session = await currentSession()
  if (!session) redirect('/sign-in')
  const devices = await devicesOf(session.userId)
  return (
    <section className="card narrow" aria-labelledby="title">
      <h1 id="title">Your account</h1>
      <p>
        Signed in as {session.userId}. Without a visit, this device is signed out after {IDLE_MINUTES}{' '}
        minutes, and in any case on {day(session.expiresAt)}.
      </p>
      <h2 id="devices">Devices</h2>
      <ul className="devices" aria-labelledby="devices">
        {devices.map(({ deviceId, device, createdAt }) => (
          <li key={deviceId}>
            <strong>{device}</strong>
            <span>
              since {day(createdAt)}
              {deviceId === session.deviceId && ', this device'}
            </span>
          </li>
        ))}
      </ul>
      <form className="account-buttons">
        <button className="secondary" type="submit" formAction={signOut}>
          Sign out
        </button>
        <button className="secondary" type="submit" formAction={signOutEverywhere}>
          Sign out everywhere
        </button>
      </form>
    </section>
  )
}

function day(time: number): string {
  return new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' })
}
