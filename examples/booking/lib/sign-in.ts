// Signing in by a mail with a link and a code. Both name the mail, which is taken once: whichever of them is used, the other
// is worth nothing then. A cookie names the attempt that this browser has begun, to which its code belongs: a stranger who
// asks for a mail uses up nobody's guesses.

import { randomUUID } from 'node:crypto'
import { cookies } from 'next/headers'
import { setCookie } from './account'
import { deliver } from './mailbox'
import { TempDataCache } from './redis'

const ATTEMPT_COOKIE = 'sign-in'
const ATTEMPT = 'sign-in'
const MAIL = 'sign-in-mail'
const LINK = 'sign-in-link'
const CODE = 'sign-in-code'

/** With it, who reads the database cannot find a code by trying all. */
const secret = process.env.AUTH_SECRET || undefined

interface Login {
  email: string
}

/** What a link, a code and an attempt name. It is no secret: nobody is asked for it. */
interface Mail {
  mail: string
}

/** Sends a mail. */
export async function sendMail(email: string): Promise<void> {
  const mail = randomUUID()
  const [attempt, token] = await Promise.all([
    TempDataCache.createToken(ATTEMPT, { mail }),
    TempDataCache.createToken(LINK, { mail }),
    TempDataCache.put(MAIL, mail, { email }),
  ])
  const code = await TempDataCache.createCode(CODE, attempt, { mail }, { secret })
  await setCookie(ATTEMPT_COOKIE, attempt)
  deliver({ to: email, link: `/sign-in/${token}`, code, sentAt: Date.now() })
}

/** Whom the link is for. It stays good: mail scanners open every link. */
export async function readLink(token: string): Promise<string | undefined> {
  return readMail(await TempDataCache.peek<Mail>(LINK, token))
}

/** Whom the link was for, which is used up then. */
export async function takeLink(token: string): Promise<string | undefined> {
  const link = await TempDataCache.peek<Mail>(LINK, token)
  return link ? takeMail(link) : undefined
}

/** The address to which this browser has had a mail sent. */
export async function pendingEmail(): Promise<string | undefined> {
  const attempt = await currentAttempt()
  return attempt ? readMail(await TempDataCache.peek<Mail>(ATTEMPT, attempt)) : undefined
}

/** How a guess at this browser's code ended. */
export async function checkCode(code: string) {
  const absent = { ok: false, reason: 'absent', attemptsLeft: 0 } as const
  const attempt = await currentAttempt()
  const result = attempt ? await TempDataCache.verifyCode<Mail>(CODE, attempt, code, { secret }) : absent
  if (!result.ok) return result
  const email = await takeMail(result.data)
  return email ? ({ ok: true, email } as const) : absent
}

async function readMail(named: Mail | null): Promise<string | undefined> {
  return named ? (await TempDataCache.peek<Login>(MAIL, named.mail))?.email : undefined
}

/** Exactly one caller gets the address, whether by the link or by the code. */
async function takeMail({ mail }: Mail): Promise<string | undefined> {
  const login = await TempDataCache.take<Login>(MAIL, mail)
  if (login) await forgetAttempt()
  return login?.email
}

/** Ends the attempt of this browser, if it has begun one. */
async function forgetAttempt(): Promise<void> {
  const attempt = await currentAttempt()
  if (!attempt) return
  await Promise.all([TempDataCache.delete(ATTEMPT, attempt), TempDataCache.delete(CODE, attempt)])
  ;(await cookies()).delete(ATTEMPT_COOKIE)
}

async function currentAttempt(): Promise<string | undefined> {
  return (await cookies()).get(ATTEMPT_COOKIE)?.value
}
