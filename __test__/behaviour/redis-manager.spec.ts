import { describe, expect, test } from '@jest/globals'
import { redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { rejection } from '../support/rejection'
import { uniqueKey } from '../support/samples'

describe('set and get', () => {
  test.each([
    ['a number with leading zeros', '007'],
    ['a number in exponent form', '1e3'],
    ['a number with a fraction of zero', '1.0'],
    ['a literal of JSON', 'true'],
    ['the word null', 'null'],
    ['what Redis answers to a write', 'OK'],
    ['an object with spaces around it', ' {} '],
    ['a quoted string', '"quoted"'],
    ['a 20-digit id', '12345678901234567890'],
    ['what looks like base64', 'T0s='],
    ['emoji', '👩‍👩‍👧‍👦 🇩🇪'],
    ['the empty string', ''],
  ])('get returns %s exactly as it was set', async (_, value) => {
    const key = uniqueKey()

    await redisManager.set(key, value, 60)

    expect(await redisManager.get(key)).toBe(value)
  })

  test('set resolves to undefined', async () => {
    expect(await redisManager.set(uniqueKey(), 'value', 60)).toBeUndefined()
  })

  test('get of an absent key is null', async () => {
    expect(await redisManager.get(uniqueKey())).toBeNull()
  })

  test('set replaces the value', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'old', 60)

    await redisManager.set(key, 'new', 60)

    expect(await redisManager.get(key)).toBe('new')
  })

  test('a TTL may be as long as the largest safe integer', async () => {
    const key = uniqueKey()

    await redisManager.set(key, 'value', Number.MAX_SAFE_INTEGER)

    expect(await redisManager.get(key)).toBe('value')
  })
})

describe('del and exists', () => {
  test('exists is true exactly while the key is there', async () => {
    const key = uniqueKey()

    const before = await redisManager.exists(key)
    await redisManager.set(key, '', 60)
    const during = await redisManager.exists(key)
    await redisManager.del(key)
    const after = await redisManager.exists(key)

    expect([before, during, after]).toStrictEqual([false, true, false])
  })

  test('del resolves to undefined, whether the key was there or not', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'value', 60)

    expect([await redisManager.del(key), await redisManager.del(key)]).toStrictEqual([undefined, undefined])
  })
})

describe('setNx', () => {
  test('setNx creates a key once and leaves its value alone afterwards', async () => {
    const key = uniqueKey()

    const first = await redisManager.setNx(key, 'first', 60)
    const second = await redisManager.setNx(key, 'second', 60)

    expect([first, second, await redisManager.get(key)]).toStrictEqual([true, false, 'first'])
  })

  test('setNx creates a key again that has been deleted', async () => {
    const key = uniqueKey()
    await redisManager.setNx(key, 'first', 60)
    await redisManager.del(key)

    expect(await redisManager.setNx(key, 'second', 60)).toBe(true)
  })

  test('an empty value blocks setNx like any other', async () => {
    const key = uniqueKey()
    await redisManager.set(key, '', 60)

    expect(await redisManager.setNx(key, 'value', 60)).toBe(false)
  })
})

describe('incr', () => {
  test('incr starts at 0 and adds 1 unless told otherwise', async () => {
    const key = uniqueKey()

    const sums = [
      await redisManager.incr(key),
      await redisManager.incr(key, 41),
      await redisManager.incr(key, -50),
      await redisManager.incr(key, 0),
    ]

    expect(sums).toStrictEqual([1, 42, -8, -8])
    expect(await redisManager.get(key)).toBe('-8')
  })

  test('incr adds to a number that was set as text', async () => {
    const key = uniqueKey()
    await redisManager.set(key, '9007199254740990', 60)

    expect(await redisManager.incr(key)).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('incr counts exactly beyond what a JavaScript number holds', async () => {
    const key = uniqueKey()
    await redisManager.set(key, '9223372036854775800', 60)

    await redisManager.incr(key, 7)

    expect(await redisManager.get(key)).toBe('9223372036854775807')
  })

  test.each([
    ['a word', 'seven'],
    ['a number with leading zeros', '007'],
    ['a fraction', '1.5'],
    ['spaces around a number', ' 1 '],
    ['the empty string', ''],
    ['a number that fills 64 bits', '9223372036854775807'],
  ])('incr rejects with ERR_REDIS_REPLY on %s, which stays', async (_, value) => {
    const key = uniqueKey()
    await redisManager.set(key, value, 60)

    const error = await rejection(() => redisManager.incr(key))

    expect(error).toMatchObject({ constructor: Error, code: 'ERR_REDIS_REPLY' })
    expect(error.message).toMatch(
      /INCRBY.*ERR (value is not an integer|increment or decrement would overflow)/,
    )
    expect(await redisManager.get(key)).toBe(value)
  })
})

describe('expire', () => {
  test('expire is true for a key that is there, which stays for the time given', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'value')

    expect(await redisManager.expire(key, 60)).toBe(true)
    expect(await redisManager.get(key)).toBe('value')
  })

  test('expire is false for an absent key and does not create it', async () => {
    const key = uniqueKey()

    expect(await redisManager.expire(key, 60)).toBe(false)
    expect(await redisManager.exists(key)).toBe(false)
  })
})

describe('mget', () => {
  test('mget returns the values in the order of the keys, and null for absent ones', async () => {
    const [first, absent, last] = [uniqueKey(), uniqueKey(), uniqueKey()]
    await redisManager.set(first, '1', 60)
    await redisManager.set(last, '', 60)

    expect(await redisManager.mget([last, absent, first, last])).toStrictEqual(['', null, '1', ''])
  })

  test('mget of no keys is an empty array', async () => {
    expect(await redisManager.mget([])).toStrictEqual([])
  })

  test('mget takes thousands of keys', async () => {
    const base = uniqueKey()
    const keys = Array.from({ length: 3000 }, (_, index) => `${base}-${index}`)
    await redisManager.set(`${base}-2999`, 'last', 60)

    const values = await redisManager.mget(keys)

    expect(values).toHaveLength(3000)
    expect(values.filter((value) => value !== null)).toStrictEqual(['last'])
    expect(values[2999]).toBe('last')
  })
})

describe('setWithTimestamp', () => {
  test('a value whose moment is to come is there', async () => {
    const key = uniqueKey()

    await redisManager.setWithTimestamp(key, 'value', Date.now() + 60_000)

    expect(await redisManager.get(key)).toBe('value')
  })

  test.each([
    ['the present', () => Date.now()],
    ['a second ago', () => Date.now() - 1000],
    ['1970', () => 0],
    ['before 1970', () => -1],
  ])('a value until %s leaves no key behind, not even an older one', async (_, moment) => {
    const [fresh, used] = [uniqueKey(), uniqueKey()]
    await redisManager.set(used, 'old', 60)

    await redisManager.setWithTimestamp(fresh, 'value', moment())
    await redisManager.setWithTimestamp(used, 'value', moment())

    expect(await redisManager.mget([fresh, used])).toStrictEqual([null, null])
  })

  test('a value is gone in every respect once its moment has come', async () => {
    const key = uniqueKey()
    const [, before] = await Promise.all([
      redisManager.setWithTimestamp(key, 'value', Date.now() + 300),
      redisManager.get(key),
    ])

    await eventually(async () => (await redisManager.get(key)) === null)

    expect(before).toBe('value')
    expect(await redisManager.exists(key)).toBe(false)
    expect(await redisManager.expire(key, 60)).toBe(false)
    expect(await redisManager.mget([key])).toStrictEqual([null])
    expect(await redisManager.incr(key)).toBe(1)
  })
})
