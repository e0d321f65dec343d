import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { RedisStore } from 'connect-redis'
import session, { Cookie } from 'express-session'
import { createClient } from 'redis'
import { redisManager } from 'redlatch'
import { createStore } from 'redlatch/express-session'
import { eventually } from '../support/eventually'
import { startApp } from '../support/express-app'
import { type Gateway, startGateway } from '../support/gateway'

describe.each(['upstash', 'redis'])('a store on a gateway in mode %s', (mode) => {
  let gateway: Gateway
  let client: ReturnType<typeof createClient>

  beforeAll(async () => {
    gateway = await startGateway(['--mode', mode])
    redisManager.configure({ url: gateway.url, token: gateway.token })
    client = createClient({ url: gateway.redisUrl })
    await client.connect()
  })

  afterAll(async () => {
    client.destroy()
    await redisManager.close()
    redisManager.configure()
    await gateway.stop()
  })

  const cookie = (expires?: Date) => ({ originalMaxAge: null, ...(expires && { expires }) }) as session.Cookie
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)

  // What connect-redis asks of itself: https://github.com/tj/connect-redis/blob/master/index_test.ts
  test('does what the tests of connect-redis ask', async () => {
    const store = createStore(session, { touchEverySeconds: 1 })
    await store.clear()
    const first = { user: 'bar', cookie: cookie() } as session.SessionData
    await store.set('123', first)
    expect(await store.get('123')).toStrictEqual(first)
    expect(await client.ttl('sess:123')).toBeGreaterThanOrEqual(86_399)

    const expires = inSeconds(60)
    await store.set('456', { cookie: cookie(expires) } as session.SessionData)
    expect(await client.ttl('sess:456')).toBeLessThanOrEqual(60)
    // Another process touches it, because this one has just stored it.
    await redisManager.close()
    const other = createStore(session)
    await other.touch('456', { cookie: cookie(inSeconds(90)) } as session.SessionData)
    expect(await client.ttl('sess:456')).toBeGreaterThan(60)

    expect(await store.length()).toBe(2)
    expect((await store.ids())?.sort()).toStrictEqual(['123', '456'])
    expect((await store.all())?.sort((a, b) => (a.id > b.id ? 1 : -1))).toStrictEqual([
      { id: '123', ...first },
      { id: '456', cookie: { originalMaxAge: null, expires: expires.toISOString() } },
    ])
    await store.destroy('456')
    expect(await store.length()).toBe(1)
    await store.clear()
    expect(await store.length()).toBe(0)

    const loaded = new Cookie()
    loaded.expires = inSeconds(60)
    await Promise.all(
      Array.from({ length: 1000 }, (_, n) => store.set(`s${n}`, { cookie: loaded } as session.SessionData)),
    )
    expect(await store.length()).toBe(1000)
    await store.clear()
    expect(await store.length()).toBe(0)

    await store.set('789', { cookie: cookie(inSeconds(90)) } as session.SessionData)
    expect(await store.length()).toBe(1)
    await store.set('789', { cookie: cookie(inSeconds(-90)) } as session.SessionData)
    expect(await store.length()).toBe(0)
  })

  test('runs beside connect-redis: each reads the sessions of the other, and a logout ends them on both', async () => {
    const ours = await startApp(createStore(session))
    const theirs = await startApp(new RedisStore({ client }))

    for (const [first, second] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      const { cookie } = await first.get('/login/alice')
      await second.get('/view', cookie)
      expect((await first.get('/me', cookie)).body).toStrictEqual({ user: 'alice', views: 1 })

      await ours.get('/logout', cookie)

      expect((await first.get('/me', cookie)).body).toStrictEqual({ user: null, views: 0 })
      expect((await second.get('/me', cookie)).body).toStrictEqual({ user: null, views: 0 })
    }
    await Promise.all([ours.stop(), theirs.stop()])
  })

  test('a touch does not prolong a tombstone', async () => {
    const store = createStore(session, { prefix: 'tombstone:' })
    const value = { cookie: cookie() } as session.SessionData
    await store.set('1', value)
    await store.destroy('1')

    await store.touch('1', value)

    expect(await client.get('tombstone:1')).toBe('null')
    expect(await client.ttl('tombstone:1')).toBeLessThanOrEqual(60)
    await store.touch('none', value)
    expect(await client.exists('tombstone:none')).toBe(0)
  })

  test('connect-redis counts a tombstone, and cannot list all sessions while there is one', async () => {
    const prefix = 'listed:'
    const [ours, theirs] = [createStore(session, { prefix }), new RedisStore({ client, prefix })]
    const value = { cookie: cookie() } as session.SessionData
    await ours.set('here', value)
    await ours.set('gone', value)
    await ours.destroy('gone')

    expect(await ours.ids()).toStrictEqual(['here'])
    expect((await ours.all())?.map(({ id }) => id)).toStrictEqual(['here'])
    expect(await theirs.length()).toBe(2)
    await expect(theirs.all()).rejects.toThrow(TypeError)
  })

  test('what is stored in an outage does not bring back a session that another instance has ended', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    const info = jest.spyOn(console, 'info').mockImplementation(() => undefined)
    const store = createStore(session, { prefix: 'outage:' })
    const value = (user: string) => ({ cookie: cookie(), user }) as session.SessionData
    for (const sid of ['ended', 'kept']) await store.set(sid, value('before'))
    await gateway.setFault({ fault: 'refuse' })
    for (const sid of ['ended', 'kept', 'new']) await store.set(sid, value('meanwhile'))
    expect(await store.get('ended')).toStrictEqual(value('meanwhile'))

    // As when the tombstone of a logout was there, and is gone.
    await client.del('outage:ended')
    await gateway.clearFaults()
    await eventually(() => redisManager.getCacheStats().isRedisAvailable)
    expect(await redisManager.drain()).toBe(0)

    expect(await client.exists('outage:ended')).toBe(0)
    expect(await store.get('ended')).toBeNull()
    for (const sid of ['kept', 'new']) expect(await store.get(sid)).toStrictEqual(value('meanwhile'))
    warn.mockRestore()
    info.mockRestore()
  })

  test('a set, a destroy and a get are one request, and a tombstone stands for a minute', async () => {
    const store = createStore(session, { prefix: 'cost:' })
    const value = { cookie: cookie() } as session.SessionData
    await store.set('first', value)
    const costOf = async (work: () => Promise<unknown>) => {
      const before = await gateway.counters()
      await work()
      const after = await gateway.counters()
      return [after.requests - before.requests, after.commands.total - before.commands.total]
    }

    expect(await costOf(() => store.set('1', value))).toStrictEqual([1, 1])
    expect(await costOf(() => store.get('1'))).toStrictEqual([1, 1])
    expect(await costOf(() => store.touch('1', value))).toStrictEqual([0, 0])
    expect(await costOf(() => store.destroy('1'))).toStrictEqual([1, 1])
    expect(await client.get('cost:1')).toBe('null')
    expect(await client.ttl('cost:1')).toBeGreaterThan(58)
  })
})
