import { beforeEach, describe, expect, test } from '@jest/globals'
import session from 'express-session'
import { SessionCache } from 'redlatch'
import { createStore } from 'redlatch/express-session'
import { advanceBy, reset } from 'redlatch/testing'

interface Data extends session.SessionData {
  ttl: number
}

beforeEach(() => reset())

test('a session ends when it has not been used for its idle time', async () => {
  const sessions = new SessionCache({ idleSeconds: 600 })
  const { id } = await sessions.create({ userId: 'u' })

  advanceBy(599)
  expect(await sessions.get(id)).not.toBeNull()
  advanceBy(599)
  expect(await sessions.get(id, { touch: false })).not.toBeNull()
  advanceBy(1)

  expect(await sessions.get(id)).toBeNull()
})

test('a session ends with its absolute time, however much it is used', async () => {
  const sessions = new SessionCache({ idleSeconds: 600, absoluteSeconds: 1_500 })
  const { id } = await sessions.create({ userId: 'u' })

  for (let minute = 0; minute < 24; minute += 1) {
    advanceBy(60)
    expect(await sessions.get(id)).not.toBeNull()
  }
  advanceBy(60)

  expect(await sessions.get(id)).toBeNull()
})

test('a touch within touchEverySeconds is not written', async () => {
  const sessions = new SessionCache({ idleSeconds: 600, touchEverySeconds: 120 })
  const { id } = await sessions.create({ userId: 'u' })

  advanceBy(119)
  expect(await sessions.touch(id)).toBe(true)
  advanceBy(481)

  expect(await sessions.get(id)).toBeNull()
})

test('a session in use lives on though its idle time is shorter than touchEverySeconds', async () => {
  const sessions = new SessionCache({ idleSeconds: 30 })
  const { id } = await sessions.create({ userId: 'u' })

  for (let times = 0; times < 6; times += 1) {
    advanceBy(15)
    expect(await sessions.get(id)).not.toBeNull()
  }
})

describe('a session of express-session', () => {
  const store = createStore<typeof session.Store.prototype, Data>(session, { ttl: ({ ttl }) => ttl })
  const data = (ttl: number) => ({ cookie: { originalMaxAge: null }, ttl }) as Data

  test('in use lives on though its lifetime is shorter than touchEverySeconds', async () => {
    await store.set('s', data(30))

    for (let times = 0; times < 6; times += 1) {
      advanceBy(15)
      expect(await store.get('s')).not.toBeNull()
      await store.touch('s', data(30))
    }
  })

  test.each([
    ['prolonged', 100, 10_000, true],
    ['shortened', 10_000, 100, false],
  ])('that is %s by a touch has its new lifetime at once', async (_, before, after, lives) => {
    await store.set('s', data(before))

    await store.touch('s', data(after))
    advanceBy(1_000)

    expect((await store.get('s')) !== null).toBe(lives)
  })

  test('that is touched again and again is written once in touchEverySeconds', async () => {
    await store.set('s', data(600))

    advanceBy(59)
    await store.touch('s', data(600))
    advanceBy(541)

    expect(await store.get('s')).toBeNull()
  })
})
