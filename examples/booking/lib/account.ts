// Who is signed in on this device. The cookie holds the id of a session, and Redis its hash.

import { randomUUID } from 'node:crypto'
import { cookies, headers } from 'next/headers'
import { SessionCache } from './redis'

/** Short, so that it can be watched. */
export const IDLE_MINUTES = 30

const SESSION_COOKIE = 'session'

export interface Visit {
  /** The guest's e-mail address. */
  userId: string
  /** Tells the devices of a guest apart; the id of a session is a secret. */
  deviceId: string
  device: string
}

const sessions = new SessionCache<Visit>({ idleSeconds: IDLE_MINUTES * 60, index: true })

/** The session of this device; `null` if nobody is signed in. Its idle time begins anew. */
export async function currentSession() {
  const id = (await cookies()).get(SESSION_COOKIE)?.value
  return id ? sessions.get(id) : null
}

export const devicesOf = (email: string) => sessions.list(email)

/** Starts a session under a new id, so that nobody can have planted it, and ends the one before. */
export async function startSession(email: string): Promise<void> {
  await endSession()
  const device = deviceName((await headers()).get('user-agent') ?? '')
  const { id } = await sessions.create({ userId: email, deviceId: randomUUID(), device })
  await setCookie(SESSION_COOKIE, id)
}

export async function endSession(): Promise<void> {
  const id = (await cookies()).get(SESSION_COOKIE)?.value
  if (id) await sessions.destroy(id)
  ;(await cookies()).delete(SESSION_COOKIE)
}

/** Ends the guest's sessions on all devices. */
export async function endAllSessions(): Promise<void> {
  const session = await currentSession()
  if (session) await sessions.destroyAll(session.userId)
  ;(await cookies()).delete(SESSION_COOKIE)
}

/** Sets a cookie that no script reads, and that no form of another site sends. */
export async function setCookie(name: string, value: string): Promise<void> {
  const isSecure = (await headers()).get('x-forwarded-proto') === 'https'
  ;(await cookies()).set(name, value, { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/' })
}

function deviceName(userAgent: string): string {
  const browser = /Firefox|Edg|Chrome|Safari/.exec(userAgent)?.[0].replace('Edg', 'Edge') ?? 'A browser'
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(userAgent)?.[0]
  return system ? `${browser} on ${system}` : browser
}
