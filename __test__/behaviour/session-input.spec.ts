import { describe, expect, test } from '@jest/globals'
import { SessionCache } from 'redlatch'
import { rejection } from '../support/rejection'
import { type Data, uniqueSessions, uniqueUser } from '../support/sessions'

describe('hostile input', () => {
  test.each([
    '',
    ' ',
    '.',
    '..',
    'null',
    '__proto__',
    'a b',
    '\u0000',
    '\ud800',
    '*',
    '"',
    '{}',
    'x'.repeat(100_000),
    '.AAAAAAAAAAA',
  ])('the id %j is no session', async (id) => {
    const sessions = uniqueSessions()

    expect(await sessions.get(id)).toBeNull()
    expect(await sessions.update(id, { n: 1 })).toBeNull()
    expect(await sessions.touch(id)).toBe(false)
    expect(await sessions.rotate(id)).toBeNull()
    await expect(sessions.destroy(id)).resolves.toBeUndefined()
  })

  test("a session's id with the suffix of another user is none", async () => {
    const sessions = uniqueSessions()
    const own = await sessions.create({ userId: uniqueUser() })
    const other = await sessions.create({ userId: uniqueUser() })
    const [random] = own.id.split('.')
    const [, suffix] = other.id.split('.')

    for (const id of [`${random}.${suffix}`, random, `${random}.`]) {
      expect(await sessions.get(id ?? '')).toBeNull()
    }
  })

  test('a field named __proto__ stays a field', async () => {
    const sessions = uniqueSessions()
    const data = JSON.parse(`{"userId":"${uniqueUser()}","__proto__":{"isAdmin":true}}`)

    const { id } = await sessions.create(data)
    await sessions.update(id, JSON.parse('{"__proto__":{"isAdmin":1},"constructor":{}}'))
    const session = await sessions.get(id)

    expect(Object.getPrototypeOf(session)).toBe(Object.prototype)
    expect(Object.hasOwn(session ?? {}, '__proto__')).toBe(true)
    expect((session as { isAdmin?: unknown }).isAdmin).toBeUndefined()
  })

  test('a megabyte and an object without a prototype come back', async () => {
    const sessions = uniqueSessions()
    const data = Object.assign(Object.create(null), {
      userId: uniqueUser(),
      text: '\u{1f600}"'.repeat(200_000),
    })

    const { id } = await sessions.create(data)
    await sessions.update(id, { n: 1 })

    expect(await sessions.get(id)).toMatchObject({ ...data, n: 1 })
  })

  test.each([
    ['create', () => uniqueSessions().create({ userId: 'u', big: 1n })],
    [
      'update',
      async () => {
        const sessions = uniqueSessions()
        const { id } = await sessions.create({ userId: 'u' })
        return sessions.update(id, { big: 1n })
      },
    ],
    [
      'update by a function',
      async () => {
        const sessions = uniqueSessions()
        const { id } = await sessions.create({ userId: 'u' })
        return sessions.update(id, (data) => ({ ...data, big: 1n }))
      },
    ],
  ])('%s of a BigInt says that it cannot be JSON', async (_, call) => {
    expect(await rejection(call)).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('cannot be turned into JSON'),
      cause: expect.any(TypeError),
    })
  })
})

describe('wrong arguments', () => {
  const sessions = new SessionCache<Data>()

  test.each([
    ['data', () => sessions.create(null as never), 'ERR_INVALID_ARG_TYPE'],
    ['data has no field "userId"', () => sessions.create({} as never), 'ERR_INVALID_ARG_VALUE'],
    ['data.userId', () => sessions.create({ userId: '' }), 'ERR_INVALID_ARG_VALUE'],
    ['data.userId', () => sessions.create({ userId: 7 as never }), 'ERR_INVALID_ARG_VALUE'],
    ['data.userId', () => sessions.create({ userId: '\ud800' }), 'ERR_INVALID_ARG_VALUE'],
    ['change', () => sessions.update('id', 'text' as never), 'ERR_INVALID_ARG_TYPE'],
    ['id', () => sessions.get(undefined as never), 'ERR_INVALID_ARG_TYPE'],
    ['options.user', () => sessions.get('id', { user: 'u' } as never), 'ERR_INVALID_ARG_VALUE'],
    ['userId', () => sessions.destroyAll(''), 'ERR_INVALID_ARG_VALUE'],
    ['options.except', () => sessions.destroyAll('u', { except: 1 as never }), 'ERR_INVALID_ARG_TYPE'],
  ])('a wrong %s rejects and is named', async (name, call, code) => {
    const error = await rejection(call)

    expect(error).toBeInstanceOf(code === 'ERR_INVALID_ARG_TYPE' ? TypeError : Error)
    expect(error).toMatchObject({ code, message: expect.stringContaining(name) })
  })

  test.each([
    ['options.idleSeconds', { idleSeconds: 0 }, 'ERR_INVALID_ARG_VALUE'],
    ['options.absoluteSeconds', { absoluteSeconds: 1.5 }, 'ERR_INVALID_ARG_VALUE'],
    ['options.touchEverySeconds', { touchEverySeconds: '1' }, 'ERR_INVALID_ARG_TYPE'],
    ['options.prefix', { prefix: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['options.index', { index: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['options.ttl', { ttl: 1 }, 'ERR_INVALID_ARG_VALUE'],
  ])('a wrong %s throws at once and is named', (name, options, code) => {
    expect(() => new SessionCache(options as never)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(name) }),
    )
  })
})
