// What stands for the guests' mailboxes: the mails of this process, shown at /mailbox. An app sends them instead.

const MOST_MAILS = 50

export interface Mail {
  to: string
  link: string
  code: string
  sentAt: number
}

// Next.js evaluates this file once for each bundle; they share the mails.
const shared = globalThis as { mails?: Mail[] }

/** The mails, the newest first. */
export function mails(): Mail[] {
  shared.mails ??= []
  return shared.mails
}

export function deliver(mail: Mail): void {
  mails().unshift(mail)
  mails().length = Math.min(mails().length, MOST_MAILS)
}
