import type { Metadata } from 'next'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { pendingEmail } from '@/lib/sign-in'
import { ActionForm } from '../action-form'
import { signInByCode } from '../actions'
import '../../account/account.css'

export const metadata: Metadata = { title: 'Enter the code' }
export const dynamic = 'force-dynamic'

export default async function Page() {
  const email = await pendingEmail()
  if (!email) redirect('/sign-in')
  return (
    <section className="card narrow">
      <h1>Check your mail</h1>
      <p>
        A mail is on its way to {email}. Here, <Link href="/mailbox">this page</Link> stands for the mailbox.
      </p>
      <ActionForm action={signInByCode} button="Sign in">
        <label className="field">
          <span>Code of six digits</span>
          <input name="code" inputMode="numeric" autoComplete="one-time-code" required maxLength={20} />
        </label>
      </ActionForm>
      <Link href="/sign-in">Ask for a new mail</Link>
    </section>
  )
}
