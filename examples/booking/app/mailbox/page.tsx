import type { Metadata } from 'next'
import { mails } from '@/lib/mailbox'
import '../account/account.css'

export const metadata: Metadata = { title: 'Mailbox' }
export const dynamic = 'force-dynamic'

/** Leave it out of an app of your own: it shows everybody's mails. */
export default function Page() {
  return (
    <section className="card narrow">
      <h1>Mailbox</h1>
      <p>No mail is sent here. This page shows the mails of all guests.</p>
      {mails().map(({ to, link, code, sentAt }) => (
        <article className="mail" key={`${sentAt} ${link}`} aria-label={`Mail to ${to}`}>
          <p>
            To <strong>{to}</strong>
          </p>
          <p>
            {/* Not by next/link, which would open it in advance as a scanner does. */}
            <a href={link}>Sign in to Lindqvist &amp; Co.</a>
          </p>
          <p>
            or enter the code <code>{code}</code>
          </p>
        </article>
      ))}
    </section>
  )
}
