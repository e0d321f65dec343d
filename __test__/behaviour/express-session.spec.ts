import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from '@jest/globals'
import session from 'express-session'
import { redisManager } from 'redlatch'
import { createStore } from 'redlatch/express-session'
import { eventually } from '../support/eventually'
import { type SessionApp, startApp } from '../support/express-app'
import { rejection } from '../support/rejection'

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

describe('the options', () => {
  const belongs = 'belongs to connect-redis; '

  test.each<[label: string, options: unknown, Class: ErrorConstructor, message: string]>([
    ['a number as prefix', { prefix: 5 }, TypeError, 'options.prefix must be a string, got a number'],
    ['a text as ttl', { ttl: '60' }, TypeError, 'options.ttl must be a number or a function, got a string'],
    [
      'a ttl of 0',
      { ttl: 0 },
      RangeError,
      'options.ttl must be a whole number of seconds of at least 1, got 0',
    ],
    [
      'touchEverySeconds of 0',
      { touchEverySeconds: 0 },
      RangeError,
      'options.touchEverySeconds must be a whole number of seconds of at least 1, got 0',
    ],
    [
      'a text as disableTouch',
      { disableTouch: 'no' },
      TypeError,
      'options.disableTouch must be true or false, got a string',
    ],
    [
      'disabletouch',
      { disabletouch: true },
      TypeError,
      'options.disabletouch is not an option; did you mean disableTouch?',
    ],
    [
      'client',
      { client: {} },
      TypeError,
      `options.client ${belongs}leave it out, and set UPSTASH_REDIS_REST_URL`,
    ],
    [
      'disableTTL',
      { disableTTL: true },
      TypeError,
      `options.disableTTL ${belongs}every session has a TTL here`,
    ],
    ['scanCount', { scanCount: 5 }, TypeError, `options.scanCount ${belongs}leave it out`],
    [
      'serializer',
      { serializer: JSON },
      TypeError,
      `options.serializer ${belongs}leave it out: sessions are stored as JSON`,
    ],
    ['a text', 'sess:', TypeError, 'options must be an object, got a string'],
  ])('%s is refused when the store is made', (_, options, Class, message) => {
    const make = () => createStore(session, options as object)

    expect(make).toThrow(Class)
    expect(make).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^ERR_INVALID_ARG_/),
        message: expect.stringContaining(message),
      }),
    )
  })

  test.each([null, undefined, {}, { Store: 'none' }])('%j is no module of express-session', (module) => {
    expect(() => createStore(module as unknown as typeof session)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringMatching(/^session\.Store must be a function, got /),
      }),
    )
  })

  test('have their defaults where they are left out', async () => {
    const name = randomUUID()

    for (const options of [
      undefined,
      null,
      { prefix: undefined, ttl: undefined, touchEverySeconds: undefined },
    ]) {
      await createStore(session, options as object).set(name, data())

      expect(await redisManager.exists(`sess:${name}`)).toBe(true)
      await redisManager.del(`sess:${name}`)
    }
  })

  test('disableTouch leaves the TTL of a session as it is', async () => {
    const sessions = store({ disableTouch: true })
    await sessions.set(sid, data())
    const expires = new Date(Date.now() - 1_000)

    await sessions.touch(sid, { cookie: { originalMaxAge: null, expires } } as session.SessionData)

    expect(await sessions.get(sid)).toStrictEqual(data())
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

  test('a lifetime that is none is refused, and the session stays', async () => {
    const prefix = uniquePrefix()
    await createStore(session, { prefix }).set(sid, data())
    const cookie = (expires: unknown) => ({ cookie: { expires } }) as session.SessionData

    for (const ttl of [() => undefined, () => '60', () => Number.NaN, () => 0.5] as (() => number)[]) {
      const sessions = createStore(session, { prefix, ttl })
      for (const call of [() => sessions.set(sid, data({ user: 'b' })), () => sessions.touch(sid, data())]) {
        expect(await rejection(call)).toMatchObject({
          code: expect.stringMatching(/^ERR_INVALID_ARG_/),
          message: expect.stringMatching(/^ttl must be /),
        })
      }
    }
    expect(await rejection(() => createStore(session, { prefix }).set(sid, cookie('never')))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: 'session.cookie.expires must be a date',
    })
    expect(await createStore(session, { prefix }).get(sid)).toStrictEqual(data())
  })
})
