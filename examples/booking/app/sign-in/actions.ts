'use server'

import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { endAllSessions, endSession, startSession } from '@/lib/account'
import { limitMail } from '@/lib/limits'
import { checkCode, sendMail, takeLink } from '@/lib/sign-in'

/** What a form says below its field. */
export type Problem = string | null

export async function requestMail(_: Problem, form: FormData): Promise<Problem> {
  const email = String(form.get('email')).trim().toLowerCase()
  if (email.length > 254 || !/^\S+@\S+\.\S+$/.test(email)) {
    return 'Please enter an e-mail address like name@example.com.'
  }
  const waitMs = await limitMail({ headers: await headers() }, email)
  if (waitMs > 0) return `That was enough mails for now. Please try again in ${minutes(waitMs)}.`
  await sendMail(email)
  redirect('/sign-in/code')
}

export async function signInByCode(_: Problem, form: FormData): Promise<Problem> {
  const result = await answered(checkCode(String(form.get('code')).replace(/\s/g, '')))
  if (result === LOST) return TRY_AGAIN
  if (!result.ok) {
    if (result.reason !== 'wrong') return 'This code is not valid any more. Please ask for a new mail.'
    const left = result.attemptsLeft
    return `That is not the code. You have ${left} more ${left === 1 ? 'attempt' : 'attempts'}.`
  }
  await startSession(result.email)
  redirect('/account')
}

export async function signInByLink(_: Problem, form: FormData): Promise<Problem> {
  const email = await answered(takeLink(String(form.get('token'))))
  if (email === LOST) return TRY_AGAIN
  if (!email) return 'This link has expired or was used. Please ask for a new mail.'
  await startSession(email)
  redirect('/account')
}

export async function signOut(): Promise<void> {
  await endSession()
  redirect('/sign-in')
}

export async function signOutEverywhere(): Promise<void> {
  await endAllSessions()
  redirect('/sign-in')
}

function minutes(ms: number): string {
  const count = Math.ceil(ms / 60_000)
  return count === 1 ? 'a minute' : `${count} minutes`
}

const LOST = 'lost'
const TRY_AGAIN = 'There was no answer. Please try again.'

/** The result, or that nobody can tell: the link may still be good. */
async function answered<T>(result: Promise<T>): Promise<T | typeof LOST> {
  try {
    return await result
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_REDIS_UNAVAILABLE') return LOST
    throw error
  }
}
