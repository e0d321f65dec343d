// better-auth with the storage of redlatch, on memory or on the Redis that the environment names. The cases are those of
// better-auth's own tests of secondary storages:
// https://github.com/better-auth/better-auth/blob/main/packages/better-auth/src/db/secondary-storage.test.ts

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'

import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { redisManager } from 'redlatch'
import { secondaryStorage } from 'redlatch/better-auth'

const origin = 'http://localhost:3000'
const password = 'correct horse battery'

after(() => redisManager.close())

/** A server of its own, and what it stores. */
function start(options = {}) {
  const database = { user: [], session: [], account: [], verification: [] }
  const storage = secondaryStorage({ keyPrefix: `test-${randomUUID()}:` })
  const auth = betterAuth({
    baseURL: origin,
    secret: 'a secret of at least thirty-two characters',
    database: memoryAdapter(database),
    emailAndPassword: { enabled: true },
    secondaryStorage: storage,
    rateLimit: { enabled: false },
    ...options,
  })
  const email = `${randomUUID()}@example.com`
  const request = async (path, { cookie = '', body } = {}) => {
    const headers = { origin, cookie, 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.1' }
    const init = body ? { method: 'POST', body: JSON.stringify(body) } : {}
    const response = await auth.handler(new Request(`${origin}/api/auth${path}`, { ...init, headers }))
    const cookies = response.headers.getSetCookie().map((one) => one.split(';')[0])
    const text = await response.text()
    return { status: response.status, cookie: cookies.join('; '), data: text ? JSON.parse(text) : null }
  }
  const signUp = () => request('/sign-up/email', { body: { email, password, name: 'Alice' } })
  const signIn = () => request('/sign-in/email', { body: { email, password } })
  const session = async (cookie) => (await request('/get-session', { cookie })).data
  return { auth, database, storage, email, request, signUp, signIn, session }
}

test('signs up, signs in, and keeps the sessions out of the database', async () => {
  const { database, email, signUp, signIn, session, storage } = start()

  await signUp()
  const { status, cookie, data } = await signIn()

  assert.equal(status, 200)
  const current = await session(cookie)
  assert.equal(current.user.email, email)
  assert.equal(current.session.token, data.token)
  assert.equal(database.session.length, 0)
  assert.equal(JSON.parse(await storage.get(data.token)).user.email, email)
})

test('a session that is revoked is gone, and the others stay', async () => {
  const { request, signUp, signIn, session, storage } = start()
  const first = await signUp()
  const second = await signIn()
  const list = await request('/list-sessions', { cookie: first.cookie })
  assert.equal(list.data.length, 2)

  await request('/revoke-session', { cookie: first.cookie, body: { token: second.data.token } })

  assert.equal(await session(second.cookie), null)
  assert.equal(await storage.get(second.data.token), null)
  assert.notEqual(await session(first.cookie), null)
})

test('all other sessions are revoked at once', async () => {
  const { request, signUp, signIn, session } = start()
  const all = [await signUp(), await signIn(), await signIn()]

  await request('/revoke-other-sessions', { cookie: all[1].cookie, body: {} })

  const left = await Promise.all(all.map(({ cookie }) => session(cookie)))
  assert.deepEqual(
    left.map((one) => one !== null),
    [false, true, false],
  )
})

test('signing out ends the session', async () => {
  const { request, signUp, session } = start()
  const { cookie } = await signUp()

  await request('/sign-out', { cookie, body: {} })

  assert.equal(await session(cookie), null)
})

test('a session that is old enough is refreshed when it is read', async () => {
  const { signUp, session } = start({ session: { expiresIn: 1000, updateAge: 0 } })
  const { cookie } = await signUp()
  const before = new Date((await session(cookie)).session.expiresAt)

  let refreshed = before
  for (let reads = 0; reads < 1000 && refreshed <= before; reads += 1) {
    refreshed = new Date((await session(cookie)).session.expiresAt)
  }

  assert.ok(refreshed > before)
})

test('the change of a user is seen in all sessions', async () => {
  const { request, signUp, signIn, session } = start()
  const first = await signUp()
  const second = await signIn()

  await request('/update-user', { cookie: first.cookie, body: { name: 'Bob' } })

  assert.equal((await session(second.cookie)).user.name, 'Bob')
})

test('a link to reset a password works once', async () => {
  const tokens = []
  const sendResetPassword = async ({ token }) => void tokens.push(token)
  const { email, request, signUp } = start({ emailAndPassword: { enabled: true, sendResetPassword } })
  await signUp()
  await request('/request-password-reset', { body: { email, redirectTo: '/reset' } })
  const reset = () =>
    request('/reset-password', { body: { token: tokens[0], newPassword: 'another long one' } })

  const statuses = (await Promise.all([reset(), reset()])).map(({ status }) => status)

  assert.deepEqual(statuses.sort(), [200, 400])
})

test('the limit of requests holds for requests at once', async () => {
  const { request } = start({
    rateLimit: { enabled: true, storage: 'secondary-storage', window: 60, max: 5 },
  })

  const answers = await Promise.all(Array.from({ length: 20 }, () => request('/get-session')))

  assert.equal(answers.filter(({ status }) => status === 200).length, 5)
  assert.equal(answers.filter(({ status }) => status === 429).length, 15)
})
