import { describe, expect, test } from '@jest/globals'
import { type CodeOptions, redisManager, TempDataCache } from 'redlatch'
import { eventually } from '../support/eventually'
import { rejection } from '../support/rejection'
import { uniqueKey } from '../support/samples'

const absent = { ok: false, reason: 'absent', attemptsLeft: 0 }

/** A code of the same form that is not `code`. */
const other = (code: string) => String((Number(code) + 1) % 10 ** code.length).padStart(code.length, '0')

describe('data', () => {
  test('peek returns what put was given, as often as it is asked', async () => {
    const id = uniqueKey()
    const data = { list: [1, null], text: 'é"|\n', deep: { empty: {} } }

    expect(await TempDataCache.put('step', id, data)).toBeUndefined()

    expect(await TempDataCache.peek('step', id)).toStrictEqual(data)
    expect(await TempDataCache.peek('step', id)).toStrictEqual(data)
  })

  test('take returns it once', async () => {
    const id = uniqueKey()
    await TempDataCache.put('step', id, { n: 1 })

    expect(await TempDataCache.take('step', id)).toStrictEqual({ n: 1 })
    expect(await TempDataCache.take('step', id)).toBeNull()
    expect(await TempDataCache.peek('step', id)).toBeNull()
  })

  test('of many takes at once, one gets it', async () => {
    const id = uniqueKey()
    await TempDataCache.put('step', id, { n: 1 })

    const all = await Promise.all(Array.from({ length: 50 }, () => TempDataCache.take('step', id)))

    expect(all.filter((data) => data !== null)).toStrictEqual([{ n: 1 }])
  })

  test('put replaces, and delete removes', async () => {
    const id = uniqueKey()
    await TempDataCache.put('step', id, { n: 1 })
    await TempDataCache.put('step', id, [2])
    expect(await TempDataCache.peek('step', id)).toStrictEqual([2])

    expect(await TempDataCache.delete('step', id)).toBeUndefined()
    expect(await TempDataCache.peek('step', id)).toBeNull()
  })

  test('it stands under its kind and id', async () => {
    const id = `${uniqueKey()}:with:colons`
    await TempDataCache.put('step', id, { n: 1 })

    expect(await redisManager.get(`temp:step:${id}`)).toBe('{"n":1}')
    expect(await TempDataCache.take('other', id)).toBeNull()
  })

  test('what is not JSON of an object reads as null, and peek removes it', async () => {
    for (const text of ['not JSON', '{"n":', '7', '"text"', '']) {
      const id = uniqueKey()
      await redisManager.set(`temp:step:${id}`, text, 60)

      expect(await TempDataCache.peek('step', id)).toBeNull()
      expect(await redisManager.exists(`temp:step:${id}`)).toBe(false)
      await redisManager.set(`temp:step:${id}`, text, 60)
      expect(await TempDataCache.take('step', id)).toBeNull()
    }
  })

  test('it expires', async () => {
    const id = uniqueKey()
    await TempDataCache.put('step', id, { n: 1 }, 1)
    const code = await TempDataCache.createCode('code', id, {}, { ttlSeconds: 1 })

    await eventually(async () => !(await redisManager.exists(`temp:step:${id}`)))
    await eventually(async () => !(await redisManager.exists(`temp:code:${id}`)))

    expect(await TempDataCache.take('step', id)).toBeNull()
    expect(await TempDataCache.verifyCode('code', id, code)).toStrictEqual(absent)
  })

  test.each([
    ['', 'kind must not be empty'],
    ['a:b', 'kind must not hold a colon'],
    ['é'.repeat(129), 'kind must be at most 256 bytes long in UTF-8'],
  ])('the kind "%.9s" is refused', async (kind, message) => {
    const calls = [
      () => TempDataCache.put(kind, 'id', {}),
      () => TempDataCache.peek(kind, 'id'),
      () => TempDataCache.take(kind, 'id'),
      () => TempDataCache.delete(kind, 'id'),
      () => TempDataCache.createToken(kind, {}),
      () => TempDataCache.createCode(kind, 'id'),
      () => TempDataCache.verifyCode(kind, 'id', '000000'),
    ]
    for (const call of calls) {
      expect(await rejection(call)).toMatchObject({
        name: 'RangeError',
        code: 'ERR_INVALID_ARG_VALUE',
        message,
      })
    }
  })
})

describe('tokens', () => {
  test('a token is 256 bits of base64url, and never the same', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 100 }, () => TempDataCache.createToken('login', {})),
    )

    for (const token of tokens) {
      expect(token).toMatch(/^[\w-]{43}$/)
      expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    }
    expect(new Set(tokens).size).toBe(100)
  })

  test('peek, take and delete take it for an id', async () => {
    const token = await TempDataCache.createToken('login', { email: 'guest@example.com' }, 60)

    expect(await TempDataCache.peek('login', token)).toStrictEqual({ email: 'guest@example.com' })
    expect(await TempDataCache.take('login', token)).toStrictEqual({ email: 'guest@example.com' })
    expect(await TempDataCache.take('login', token)).toBeNull()
    const deleted = await TempDataCache.createToken('login', {})
    await TempDataCache.delete('login', deleted)
    expect(await TempDataCache.peek('login', deleted)).toBeNull()
  })
})

describe('codes', () => {
  test('the right code gets the data once', async () => {
    const id = uniqueKey()
    const code = await TempDataCache.createCode('login', id, { returnTo: '/a|b', list: [] })
    expect(code).toMatch(/^\d{6}$/)

    const result = await TempDataCache.verifyCode('login', id, code)

    expect(result).toStrictEqual({ ok: true, data: { returnTo: '/a|b', list: [] } })
    expect(await TempDataCache.verifyCode('login', id, code)).toStrictEqual(absent)
  })

  test('each wrong guess takes an attempt, and the last one the code', async () => {
    const id = uniqueKey()
    const code = await TempDataCache.createCode('login', id)
    const results = []
    for (let guess = 0; guess < 5; guess += 1) {
      results.push(await TempDataCache.verifyCode('login', id, other(code)))
    }

    expect(results).toStrictEqual([
      ...[4, 3, 2, 1].map((attemptsLeft) => ({ ok: false, reason: 'wrong', attemptsLeft })),
      { ok: false, reason: 'locked', attemptsLeft: 0 },
    ])
    expect(await TempDataCache.verifyCode('login', id, code)).toStrictEqual(absent)
  })

  test('the right code is good after wrong ones, and another one begins anew', async () => {
    const id = uniqueKey()
    const first = await TempDataCache.createCode('login', id, {}, { digits: 12 })
    await TempDataCache.verifyCode('login', id, other(first))
    const second = await TempDataCache.createCode('login', id, {}, { digits: 12 })

    expect(await TempDataCache.verifyCode('login', id, first)).toMatchObject({ attemptsLeft: 4 })
    expect(await TempDataCache.verifyCode('login', id, second)).toMatchObject({ ok: true })
  })

  test('a code of another entry is wrong', async () => {
    const [id, kind] = [uniqueKey(), 'login']
    const code = await TempDataCache.createCode(kind, id, {}, { digits: 12 })
    await TempDataCache.createCode(kind, `${id}2`, {}, { digits: 12 })

    expect(await TempDataCache.verifyCode(kind, `${id}2`, code)).toMatchObject({ reason: 'wrong' })
  })

  test('with a secret, the same one is needed', async () => {
    const id = uniqueKey()
    const code = await TempDataCache.createCode('login', id, {}, { secret: 'a' })

    expect(await TempDataCache.verifyCode('login', id, code)).toMatchObject({ reason: 'wrong' })
    expect(await TempDataCache.verifyCode('login', id, code, { secret: 'b' })).toMatchObject({ ok: false })
    expect(await TempDataCache.verifyCode('login', id, code, { secret: 'a' })).toMatchObject({ ok: true })
  })

  test('peek finds no code and leaves it; take gives none and removes it, as delete does', async () => {
    const id = uniqueKey()
    const code = await TempDataCache.createCode('login', id)
    expect(await TempDataCache.peek('login', id)).toBeNull()
    expect(await TempDataCache.verifyCode('login', id, code)).toMatchObject({ ok: true })

    const taken = await TempDataCache.createCode('login', id)
    expect(await TempDataCache.take('login', id)).toBeNull()
    expect(await TempDataCache.verifyCode('login', id, taken)).toStrictEqual(absent)
    const last = await TempDataCache.createCode('login', id)
    await TempDataCache.delete('login', id)
    expect(await TempDataCache.verifyCode('login', id, last)).toStrictEqual(absent)
  })

  test.each([
    ['an empty text', ''],
    ['33 KB', 'x'.repeat(33_000)],
    ['a lone surrogate', '\ud800'],
  ])('%s from a link or a form is no mistake: it reads as absent, and cannot be stored', async (_, text) => {
    const id = uniqueKey()
    const code = await TempDataCache.createCode('login', id)

    expect(await TempDataCache.peek('login', text)).toBeNull()
    expect(await TempDataCache.take('login', text)).toBeNull()
    expect(await TempDataCache.verifyCode('login', text, code)).toStrictEqual(absent)
    expect(await TempDataCache.verifyCode('login', id, text)).toMatchObject({ reason: 'wrong' })
    for (const call of [
      () => TempDataCache.put('login', text, {}),
      () => TempDataCache.createCode('login', text),
    ]) {
      expect(await rejection(call)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    }
  })

  test('a guess leaves data that is no code', async () => {
    const id = uniqueKey()
    await TempDataCache.put('login', id, { a: '5|b|c' })

    expect(await TempDataCache.verifyCode('login', id, '000000')).toStrictEqual(absent)
    expect(await TempDataCache.peek('login', id)).toStrictEqual({ a: '5|b|c' })
  })

  test.each<[CodeOptions, string]>([
    [{ digits: 3 }, 'options.digits must be a whole number from 4 to 12, got 3'],
    [{ digits: 13 }, 'options.digits must be a whole number from 4 to 12, got 13'],
    [{ attempts: 0 }, 'options.attempts must be a whole number from 1 to 100, got 0'],
    [{ attempts: 1.5 }, 'options.attempts must be a whole number from 1 to 100, got 1.5'],
    [{ ttlSeconds: 0 }, 'options.ttlSeconds must be a whole number of seconds of at least 1, got 0'],
    [{ secret: '' }, 'options.secret must not be empty'],
  ])('the options %j are refused', async (options, message) => {
    const error = await rejection(() => TempDataCache.createCode('login', uniqueKey(), {}, options))

    expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE', message })
  })

  test('an option that does not exist is refused', async () => {
    const options = { length: 6 } as CodeOptions
    const verified = () => TempDataCache.verifyCode('login', 'id', '000000', { attempts: 5 } as object)

    expect(await rejection(() => TempDataCache.createCode('login', 'id', {}, options))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
    expect(await rejection(verified)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })
})
