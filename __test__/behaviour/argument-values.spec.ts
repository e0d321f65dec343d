import { describe, expect, test } from '@jest/globals'
import { redisManager } from 'redlatch'
import { type Kind, type Method, methods, validArguments } from '../support/methods'
import { rejection } from '../support/rejection'
import { uniqueKey } from '../support/samples'

const longest = 32 * 1024
const secret = 'guest@example.com'

/** Values of the right type that cannot be used, for each kind of argument. */
const bad: Partial<Record<Kind, [label: string, value: (prefix: string) => unknown][]>> = {
  key: [
    ['an empty string', () => ''],
    ['more than 32 KiB with the prefix', (prefix) => 'k'.repeat(longest - prefix.length + 1)],
    ['more than 32 KiB in UTF-8', (prefix) => 'é'.repeat((longest - prefix.length) / 2 + 1)],
    ['a lone high surrogate', () => `${secret}\ud800`],
    ['a lone low surrogate', () => `\udc00${secret}`],
    ['surrogates in the wrong order', () => `${secret}\udc00\ud800`],
    ['a lone surrogate beside a replacement character', () => `\ufffd${secret}\ud800`],
  ],
  keys: [
    ['an empty key', () => [secret, '']],
    ['a key of more than 32 KiB', () => [secret, 'k'.repeat(longest + 1)]],
    ['an ill-formed key', () => [secret, '\ud800']],
  ],
  text: [
    ['a lone surrogate', () => `${secret}\ud800`],
    ['surrogates in the wrong order', () => `😀${secret}\udc00\ud800`],
  ],
  id: [
    ['an empty string', () => ''],
    ['a lone surrogate', () => `${secret}\udfff`],
  ],
  ttl: [0, -1, -0, 0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53].map(
    (value) => [Object.is(value, -0) ? '-0' : String(value), () => value],
  ),
  'optional increment': [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)].map((value) => [
    String(value),
    () => value,
  ]),
  count: [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53].map((value) => [
    String(value),
    () => value,
  ]),
  moment: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => [
    String(value),
    () => value,
  ]),
}
// An empty string counts as left out.
bad['optional key'] = (bad.key ?? []).filter(([label]) => label !== 'an empty string')
bad['optional ttl'] = bad.ttl ?? []

const cases = methods.flatMap((method) =>
  method.parameters.flatMap(({ name, kind }, index) =>
    (bad[kind] ?? []).map(([label, value]): [string, Method, number, string, (prefix: string) => unknown] => [
      `${method.name} with ${label} as ${name}`,
      method,
      index,
      name,
      value,
    ]),
  ),
)

describe('values that cannot be used', () => {
  test.each(cases)('%s rejects and stores nothing', async (_, method, index, name, value) => {
    const args = validArguments(method)
    const key = args[0]
    args[index] = value(name === 'email' ? 'email:' : name === 'userId' ? 'user:' : method.prefix)

    const error = await rejection(() => method.call(...args))

    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE' })
    expect(error.message).toMatch(new RegExp(`^${name}(\\[\\d\\])? must `))
    expect(error.message).not.toContain(secret)
    expect(error.message.length).toBeLessThan(200)
    expect(typeof key === 'string' && (await redisManager.exists(method.prefix + key))).toBe(false)
  })

  test('a call that rejects does not touch what is stored', async () => {
    const key = uniqueKey()
    await redisManager.set(key, 'value', 60)

    await rejection(() => redisManager.set(key, 'other', 0))
    await rejection(() => redisManager.expire(key, -1))
    await rejection(() => redisManager.incr(key, 0.5))
    await rejection(() => redisManager.setWithTimestamp(key, 'other', Number.NaN))
    await rejection(() => redisManager.set(key, '\ud800'))

    expect(await redisManager.get(key)).toBe('value')
  })
})

describe('values at the limit', () => {
  const writers = methods.filter(
    ({ name }) => /\.(set|incr|tryAcquire|recordAttempt)/.test(name) && !name.endsWith('.setNx'),
  )

  test.each(writers.map((method): [string, Method] => [method.name, method]))(
    '%s takes a key of 32 KiB with its prefix',
    async (_, method) => {
      const args = validArguments(method)
      const unique = uniqueKey()
      const key =
        unique +
        'é'.repeat(longest).slice(0, Math.floor((longest - method.prefix.length - unique.length) / 2))
      args[0] = key.padEnd(key.length + ((longest - method.prefix.length - unique.length) % 2), 'k')

      await method.call(...args)

      expect(Buffer.byteLength(`${method.prefix}${args[0]}`)).toBe(longest)
      expect(await redisManager.exists(`${method.prefix}${args[0]}`)).toBe(true)
    },
  )

  test.each([
    ['a replacement character', '\ufffd'],
    ['a pair of surrogates', '\ud83d\ude00'],
    ['a noncharacter', '\uffff\ufdd0'],
  ])('%s is well-formed in keys and values', async (_, text) => {
    const key = uniqueKey() + text

    await redisManager.set(key, text, 60)

    expect(await redisManager.get(key)).toBe(text)
  })
})
