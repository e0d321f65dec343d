import type { Metadata } from 'next'
import Link from 'next/link'
import { readLink } from '@/lib/sign-in'
import { ActionForm } from '../action-form'
import { signInByLink } from '../actions'
import '../../account/account.css'

// The address is a secret as long as the link is good.
export const metadata: Metadata = { title: 'Sign in', referrer: 'no-referrer' }

/** Only the button uses the link up: mail scanners open this page. */
export default async function Page({ params }: PageProps<'/sign-in/[token]'>) {
  const { token } = await params
  const email = await readLink(token)
  if (!email) return <Invalid />
  return (
    <section className="card narrow">
      <h1>Sign in</h1>
      <p>The link was sent to {email}.</p>
      <ActionForm action={signInByLink} button="Sign in on this device">
        <input type="hidden" name="token" value={token} />
      </ActionForm>
    </section>
  )
}

function Invalid() {
  return (
    <section className="card narrow">
      <h1>Not a valid link</h1>
      <p>This link has expired or was used.</p>
      <Link href="/sign-in">Ask for a new mail</Link>
    </section>
  )
}
