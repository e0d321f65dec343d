import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { redisManager } from 'redlatch'
import { secondaryStorage } from 'redlatch/better-auth'
import { uniqueKey } from '../support/samples'

const storage = () => secondaryStorage({ keyPrefix: `test-${randomUUID()}:` })

describe('the secondary storage', () => {
  test.each(['', '007', 'null', '{"a":1e21}', ' {} ', '\u{1f600}'])(
    'gives %j back as it was stored',
    async (text) => {
      const { get, set } = storage()

      await set('k', text, 60)
      await set('forever', text)

      expect([await get('k'), await get('forever'), await get('absent')]).toStrictEqual([text, text, null])
    },
  )

  test('stores under its prefix', async () => {
    const key = uniqueKey()

    await secondaryStorage().set(key, 'v', 60)

    expect(await redisManager.get(`better-auth:${key}`)).toBe('v')
  })

  test.each([0, -1, -0.5])('a TTL of %d removes', async (ttl) => {
    const { get, set } = storage()
    await set('k', 'v')

    await set('k', 'w', ttl)

    expect(await get('k')).toBeNull()
  })

  test('a value is taken once', async () => {
    const { getAndDelete, set } = storage()
    await set('k', 'v', 60.5)

    const taken = await Promise.all(Array.from({ length: 10 }, () => getAndDelete('k')))

    expect(taken.filter((value) => value !== null)).toStrictEqual(['v'])
  })

  test('counts every increment', async () => {
    const { increment, get } = storage()

    const counts = await Promise.all(Array.from({ length: 20 }, () => increment('n', 60)))

    expect(counts.sort((a, b) => a - b)).toStrictEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(await get('n')).toBe('20')
    expect(await increment('other', 60)).toBe(1)
  })

  test('deletes', async () => {
    const { get, set, ...rest } = storage()
    await set('k', 'v')

    await rest.delete('k')

    expect(await get('k')).toBeNull()
  })

  test.each<[label: string, options: unknown, message: string]>([
    ['prefix', { prefix: 'x' }, 'options.prefix is not an option; did you mean keyPrefix?'],
    ['keyprefix', { keyprefix: 'x' }, 'options.keyprefix is not an option; did you mean keyPrefix?'],
    ['a number as keyPrefix', { keyPrefix: 5 }, 'options.keyPrefix must be a string, got a number'],
    ['a text', 'x', 'options must be an object, got a string'],
  ])('cannot be made with %s', (_, options, message) => {
    const make = () => secondaryStorage(options as object)

    expect(make).toThrow(TypeError)
    expect(make).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_INVALID_ARG_/), message }),
    )
  })

  test('has the defaults where an option is left out', async () => {
    const key = uniqueKey()

    for (const options of [undefined, null, {}, { keyPrefix: undefined }]) {
      await secondaryStorage(options as object).set(key, 'v', 60)

      expect(await redisManager.get(`better-auth:${key}`)).toBe('v')
      await redisManager.del(`better-auth:${key}`)
    }
  })

  test('refuses a TTL that is none', async () => {
    await expect(storage().increment('n', 0)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    await expect(storage().set('k', 'v', Number.NaN)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })
})
