import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { rejection } from '../support/rejection'
import { type Data, uniqueSessions, uniqueUser } from '../support/sessions'

const DAY_MS = 86_400_000

describe('a session', () => {
  test('is what create was given, with its times', async () => {
    const sessions = uniqueSessions()
    const data = { userId: uniqueUser(), cart: [{ id: 1 }], 'odd "name"\u2028': null }
    const before = Date.now()

    const { id, session } = await sessions.create(data)

    expect(id).toMatch(/^[\w-]{43}\.[\w-]{11}$/)
    const { createdAt, updatedAt, expiresAt, ...rest } = session
    expect(rest).toStrictEqual(data)
    expect(createdAt).toBeGreaterThanOrEqual(before)
    expect([updatedAt, expiresAt]).toStrictEqual([createdAt, createdAt + 30 * DAY_MS])
    expect(await sessions.get(id)).toStrictEqual(session)
    expect(await sessions.get(id, { touch: false, userId: data.userId })).toStrictEqual(session)
  })

  test('is one of its user, and of caches with its prefix', async () => {
    const prefix = `test-${randomUUID()}:`
    const userId = uniqueUser()
    const { id } = await uniqueSessions({ prefix }).create({ userId })

    expect(await uniqueSessions({ prefix }).get(id)).toMatchObject({ userId })
    expect(await uniqueSessions({ prefix }).get(id, { userId: uniqueUser() })).toBeNull()
    expect(await uniqueSessions().get(id)).toBeNull()
  })

  test('is gone once it is destroyed', async () => {
    const sessions = uniqueSessions()
    const { id } = await sessions.create({ userId: uniqueUser() })

    await sessions.destroy(id)

    expect(await sessions.get(id)).toBeNull()
    expect(await sessions.update(id, { n: 1 })).toBeNull()
    expect(await sessions.update(id, (data) => ({ ...data, n: 1 }))).toBeNull()
    expect(await sessions.touch(id)).toBe(false)
    expect(await sessions.rotate(id)).toBeNull()
    await expect(sessions.destroy(id)).resolves.toBeUndefined()
  })

  test('moves to a new id with all that it holds', async () => {
    const sessions = uniqueSessions()
    const { id, session } = await sessions.create({ userId: uniqueUser(), n: 1 })

    const newId = (await sessions.rotate(id)) ?? ''

    expect(newId).not.toBe(id)
    expect(await sessions.get(newId)).toStrictEqual(session)
    expect(await sessions.get(id)).toBeNull()
    expect(await sessions.update(id, { n: 2 })).toBeNull()
  })
})

describe('update', () => {
  test('replaces the given fields and leaves the others', async () => {
    const sessions = uniqueSessions()
    const userId = uniqueUser()
    const { id } = await sessions.create({ userId, n: 1, other: { a: [1] } })

    const updated = await sessions.update(id, { n: 2, more: 'x' })

    expect(updated).toMatchObject({ userId, n: 2, other: { a: [1] }, more: 'x' })
    expect(await sessions.get(id)).toStrictEqual(updated)
  })

  test('removes the fields that are undefined, and no other', async () => {
    const sessions = uniqueSessions()
    const { id, session } = await sessions.create({ userId: uniqueUser(), impersonates: 'u', n: 1 })

    const updated = await sessions.update(id, { impersonates: undefined, none: undefined, n: 2 })

    const { impersonates: _, ...rest } = session
    expect(updated).toStrictEqual({ ...rest, n: 2, updatedAt: updated?.updatedAt })
    expect(await sessions.get(id)).toStrictEqual(updated)
  })

  test('of an object with a toJSON takes what that returns', async () => {
    const sessions = uniqueSessions()
    const { id } = await sessions.create({ userId: uniqueUser(), n: 1, other: 1 })

    const change = { n: undefined, other: undefined, toJSON: () => ({ n: 2 }) }

    expect(await sessions.update(id, change as never)).toMatchObject({ n: 2, other: 1 })
  })

  test('of two at once, both changes stay', async () => {
    const sessions = uniqueSessions()
    const { id } = await sessions.create({ userId: uniqueUser(), n: 0 })
    const increment = (data: Data) => ({ ...data, n: (data.n ?? 0) + 1 })

    await Promise.all([
      sessions.update(id, { a: 1 }),
      sessions.update(id, { b: 2 }),
      sessions.update(id, increment),
      sessions.update(id, increment),
    ])

    expect(await sessions.get(id)).toMatchObject({ a: 1, b: 2, n: 2 })
  })

  test('takes new data from a function, which can leave the session as it is', async () => {
    const sessions = uniqueSessions()
    const userId = uniqueUser()
    const { id } = await sessions.create({ userId, n: 1, gone: true })

    const updated = await sessions.update(id, ({ gone: _, ...data }) => ({ ...data, n: 2 }))
    const unchanged = await sessions.update(id, (data) => (data.n === 2 ? null : data))

    expect(updated).not.toHaveProperty('gone')
    expect(unchanged).toBeNull()
    expect(await sessions.get(id)).toStrictEqual(updated)
  })

  test('rejects with what the function throws', async () => {
    const sessions = uniqueSessions()
    const { id } = await sessions.create({ userId: uniqueUser() })
    const error = new Error('mine')

    const update = sessions.update(id, () => {
      throw error
    })

    await expect(update).rejects.toBe(error)
  })

  test('cannot give a session to another user', async () => {
    const sessions = uniqueSessions()
    const { id, session } = await sessions.create({ userId: uniqueUser() })

    for (const change of [{ userId: 'admin' }, () => ({ userId: 'admin' })]) {
      expect(await rejection(() => sessions.update(id, change))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringContaining('data.userId must stay the same'),
      })
    }
    expect(await rejection(() => sessions.update(id, { userId: undefined as never }))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('data has no field "userId"'),
    })
    expect(await sessions.get(id)).toStrictEqual(session)
  })
})

describe('destroyAll', () => {
  test('ends all sessions of a user but one, and none of another', async () => {
    const sessions = uniqueSessions()
    const [userId, other] = [uniqueUser(), uniqueUser()]
    const all = await Promise.all(
      [userId, userId, userId, other].map((id) => sessions.create({ userId: id })),
    )
    const ids = all.map(({ id }) => id)

    await sessions.destroyAll(userId, { except: ids[1] })

    const left = await Promise.all(ids.map((id) => sessions.get(id)))
    expect(left.map((session) => session?.userId ?? null)).toStrictEqual([null, userId, null, other])
  })

  test('what is updated after it stays revoked, and what is made after it counts', async () => {
    const sessions = uniqueSessions()
    const userId = uniqueUser()
    const { id } = await sessions.create({ userId })

    await sessions.destroyAll(userId)
    await sessions.update(id, { n: 1 })
    const later = await sessions.create({ userId })

    expect(await sessions.get(id)).toBeNull()
    expect(await sessions.rotate(id)).toBeNull()
    expect(await sessions.get(later.id)).toStrictEqual(later.session)
  })
})

describe('list', () => {
  test('has the sessions of a user that count, the newest last, also after a move', async () => {
    const sessions = uniqueSessions({ index: true })
    const [userId, other] = [uniqueUser(), uniqueUser()]
    const made: Awaited<ReturnType<typeof sessions.create>>[] = []
    for (const n of [0, 1, 2]) made.push(await sessions.create({ userId, n }))
    await sessions.create({ userId: other })

    await sessions.destroy(made[0]?.id ?? '')
    await sessions.rotate(made[1]?.id ?? '')

    expect(await sessions.list(userId)).toStrictEqual([made[1]?.session, made[2]?.session])
    await sessions.destroyAll(userId)
    expect(await sessions.list(userId)).toStrictEqual([])
  })

  test('is empty without an index', async () => {
    const sessions = uniqueSessions()
    const userId = uniqueUser()
    await sessions.create({ userId })

    expect(await sessions.list(userId)).toStrictEqual([])
  })
})
