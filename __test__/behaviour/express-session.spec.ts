import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from '@jest/globals'
import session from 'express-session'
import { redisManager } from 'redlatch'
import { createStore } from 'redlatch/express-session'
import { eventually } from '../support/eventually'
import { type SessionApp, startApp } from '../support/express-app'

const uniquePrefix = () => `test-${randomUUID()}:`
const store = (options = {}) => createStore(session, { prefix: uniquePrefix(), ...options })
const sid = 'sid-1'
const data = (more: object = {}): session.SessionData =>
  ({ cookie: { originalMaxAge: null }, ...more }) as session.SessionData

describe('the middleware of express-session', () => {
  let app: SessionApp

  afterEach(() => app.stop())

  test('keeps a session over requests, and gives each login a new one', async () => {
    app = await startApp(store())
    const first = await app.get('/view')
    const second = await app.get('/view', first.cookie)

    const login = await app.get('/login/alice', second.cookie)

    expect(second.body).toStrictEqual({ views: 2 })
    expect(login.cookie).not.toBe(first.cookie)
    expect((await app.get('/me', login.cookie)).body).toStrictEqual({ user: 'alice', views: 0 })
    expect((await app.get('/me', first.cookie)).body).toStrictEqual({ user: null, views: 0 })
  })

  test('a slow request does not undo a logout', async () => {
    app = await startApp(store())
    const { cookie } = await app.get('/login/alice')
    const slow = app.get('/slow', cookie)
    await eventually(() => app.isWaiting())

    await app.get('/logout', cookie)
    app.release()
    await slow

    expect((await app.get('/me', cookie)).body).toStrictEqual({ user: null, views: 0 })
  })

  test('a cookie that is none starts anew', async () => {
    app = await startApp(store())

    for (const cookie of ['connect.sid=s%3Aforged.signature', 'connect.sid=', 'connect.sid=%00']) {
      expect((await app.get('/me', cookie)).body).toStrictEqual({ user: null, views: 0 })
    }
  })
})

describe('the store', () => {
  test('is a store of the module that it was given', () => {
    expect(store()).toBeInstanceOf(session.Store)
  })

  test('has the key and the text of connect-redis', async () => {
    const name = randomUUID()

    await createStore(session).set(name, data({ user: 'a' }))

    expect(await redisManager.get(`sess:${name}`)).toBe('{"cookie":{"originalMaxAge":null},"user":"a"}')
  })

  test('drops what is stored after a session was destroyed', async () => {
    const sessions = store()
    await sessions.set(sid, data())

    await sessions.destroy(sid)
    await sessions.set(sid, data({ user: 'late' }))

    expect(await sessions.get(sid)).toBeNull()
    expect(await sessions.length()).toBe(0)
  })

  test('reads null and what is no session as none', async () => {
    const prefix = uniquePrefix()
    const sessions = store({ prefix })
    for (const text of ['null', '', '[]', '"text"', '{']) {
      await redisManager.set(prefix + sid, text)

      expect(await sessions.get(sid)).toBeNull()
      expect(await sessions.all()).toStrictEqual([])
    }
  })

  test('finds exactly the sessions with its prefix', async () => {
    const prefix = `${uniquePrefix()}*[`
    const sessions = store({ prefix })
    await store().set('other', data())
    for (const name of ['1', '2', '__proto__']) await sessions.set(name, data({ user: name }))

    expect((await sessions.ids())?.sort()).toStrictEqual(['1', '2', '__proto__'])
    expect((await sessions.all())?.map(({ id, user }) => [id, user]).sort()).toStrictEqual([
      ['1', '1'],
      ['2', '2'],
      ['__proto__', '__proto__'],
    ])
    await sessions.clear()
    expect(await sessions.length()).toBe(0)
  })

  test('calls back with the result or the error, and what a callback throws is not its own', async () => {
    const sessions = store()
    const called: unknown[] = []
    const keep = (...args: unknown[]) => void called.push(args)

    sessions.set(sid, data({ user: 'a' }), keep)
    await eventually(() => called.length === 1)
    sessions.get(sid, keep)
    await eventually(() => called.length === 2)
    sessions.get('', keep)
    await eventually(() => called.length === 3)

    expect(called).toStrictEqual([
      [null, undefined],
      [null, data({ user: 'a' })],
      [expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' })],
    ])
  })

  test('rejects without a callback', async () => {
    await expect(store().set(sid, data({ big: 1n }))).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('a session whose cookie has expired is destroyed', async () => {
    const sessions = store()
    await sessions.set(sid, data())

    const expires = new Date(Date.now() - 1_000)
    await sessions.touch(sid, { cookie: { originalMaxAge: null, expires } } as session.SessionData)

    expect(await sessions.get(sid)).toBeNull()
  })

  test('a function tells how long a session lives', async () => {
    const sessions = createStore(session, {
      prefix: uniquePrefix(),
      ttl: ({ user }) => (user === 'gone' ? 0 : 60),
    })

    await sessions.set('1', data({ user: 'gone' }))
    await sessions.set('2', data({ user: 'here' }))

    expect(await sessions.ids()).toStrictEqual(['2'])
  })
})
