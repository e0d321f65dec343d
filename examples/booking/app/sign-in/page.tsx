import type { Metadata } from 'next'
import { ActionForm } from './action-form'
import { requestMail } from './actions'
import '../account/account.css'

export const metadata: Metadata = { title: 'Sign in' }

export default function Page() {
  return (
    <section className="card narrow">
      <h1>Sign in</h1>
      <p>You get a mail with a link and a code. Use either of them, once.</p>
      <ActionForm action={requestMail} button="Send me a mail">
        <label className="field">
          <span>E-mail</span>
          <input name="email" type="email" autoComplete="email" required maxLength={254} />
        </label>
      </ActionForm>
    </section>
  )
}
