// Signing in by a mail with a link and a code. Each works once. A cookie names the attempt that this browser has begun, to
// which its code belongs: a stranger who asks for a mail uses up nobody's guesses.

import { cookies } from 'next/headers'
import { setCookie } from './account'
import { deliver } from './mailbox'
import { TempDataCache } from './redis'

const ATTEMPT_COOKIE = 'sign-in'
const ATTEMPT = 'sign-in'
const LINK = 'sign-in-link'
const CODE = 'sign-in-code'

/** With it, who reads the database cannot find a code by trying all. */
const secret = process.env.AUTH_SECRET || undefined

interface Login {
  email: string
}

/** Sends a mail. */
export async function sendMail(email: string): Promise<void> {
  const login = { email }
  const [attempt, token] = await Promise.all([
    TempDataCache.createToken(ATTEMPT, login),
    TempDataCache.createToken(LINK, login),
  ])
  const code = await TempDataCache.createCode(CODE, attempt, login, { secret })
  await setCookie(ATTEMPT_COOKIE, attempt)
  deliver({ to: email, link: `/sign-in/${token}`, code, sentAt: Date.now() })
}

/** Whom the link is for. It stays good: mail scanners open every link. */
export async function readLink(token: string): Promise<string | undefined> {
  return (await TempDataCache.peek<Login>(LINK, token))?.email
}

/** Whom the link was for, which is used up then. */
export async function takeLink(token: string): Promise<string | undefined> {
  return (await TempDataCache.take<Login>(LINK, token))?.email
}

/** The address to which this browser has had a mail sent. */
export async function pendingEmail(): Promise<string | undefined> {
  const attempt = (await cookies()).get(ATTEMPT_COOKIE)?.value
  return attempt ? (await TempDataCache.peek<Login>(ATTEMPT, attempt))?.email : undefined
}

/** How a guess at this browser's code ended. */
export async function checkCode(code: string) {
  const attempt = (await cookies()).get(ATTEMPT_COOKIE)?.value
  if (!attempt) return { ok: false, reason: 'absent', attemptsLeft: 0 } as const
  return TempDataCache.verifyCode<Login>(CODE, attempt, code, { secret })
}
