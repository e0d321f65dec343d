import { describe, expect, test } from '@jest/globals'
import { IdempotencyCache, redisManager } from 'redlatch'
import { healthChecks, type Kind, type Method, methods, validArguments } from '../support/methods'
import { rejection } from '../support/rejection'
import { uniqueKey } from '../support/samples'
import { thrown } from '../support/thrown'

const notText = [7, true, {}, ['text'], null, 7n, Symbol('text'), () => 'text', new String('text')]
const notNumber = ['60', true, {}, [60], 60n, Symbol('60'), () => 60]
const notObject = ['text', 7, true, null, 7n, Symbol('object'), () => ({})]

/** Values of the wrong type for each kind of argument. */
const wrong: Record<Kind, unknown[]> = {
  key: notText,
  'optional key': notText.filter((value) => value !== null),
  keys: ['text', 7, true, {}, null, 7n, Symbol('keys'), () => [], new Set(['key'])],
  text: notText,
  'any text': notText,
  id: notText,
  ttl: [...notNumber, null],
  'optional ttl': [...notNumber, null],
  'optional increment': [...notNumber, null],
  count: [...notNumber, null],
  moment: [...notNumber, null, new Date()],
  result: notObject,
  'optional result': notObject,
  'optional options': notObject.filter((value) => value !== null),
  form: notObject,
  claim: notObject,
  customer: notObject,
  subscription: notObject,
}

const isOptional = (kind: Kind) => kind.startsWith('optional')

const describeValue = (value: unknown) =>
  value === null ? 'null' : typeof value === 'object' ? value.constructor.name : typeof value

interface Case {
  label: string
  method: Method
  index: number
  value: unknown
}

function cases(values: (kind: Kind) => unknown[]): [label: string, Case][] {
  return methods.flatMap((method) =>
    method.parameters.flatMap(({ name, kind }, index) =>
      values(kind).map((value): [string, Case] => {
        const label = `${method.name} with ${describeValue(value)} as ${name}`
        return [label, { label, method, index, value }]
      }),
    ),
  )
}

/** The arguments of a case, and whether what they would write is there. */
function arrange({ method, index, value }: Case) {
  const args = validArguments(method)
  const valid = args[0]
  args[index] = value
  const isStored = async () =>
    typeof valid === 'string' && (await redisManager.exists(`${method.prefix}${valid}`))
  return { args, isStored }
}

describe('wrong types', () => {
  test.each(cases((kind) => wrong[kind]))('%s rejects', async (_, input) => {
    const { args, isStored } = arrange(input)

    const error = await rejection(() => input.method.call(...args))

    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toMatch(new RegExp(`^${input.method.parameters[input.index]?.name} must be `))
    expect(await isStored()).toBe(false)
  })
})

describe('missing arguments', () => {
  test.each(cases((kind) => (isOptional(kind) ? [] : [undefined])))('%s rejects', async (_, input) => {
    const { args, isStored } = arrange(input)

    const error = await rejection(() => input.method.call(...args.slice(0, input.index)))
    const explicit = await rejection(() => input.method.call(...args))

    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toContain(input.method.parameters[input.index]?.name)
    expect(explicit.message).toBe(error.message)
    expect(await isStored()).toBe(false)
  })

  test.each(cases((kind) => (isOptional(kind) ? [undefined] : [])))(
    '%s has the default',
    async (_, input) => {
      const { args } = arrange(input)

      await expect(input.method.call(...args)).resolves.not.toBeInstanceOf(Error)
    },
  )
})

describe('elements of mget', () => {
  const mget = redisManager.mget as (keys: unknown) => Promise<unknown>

  test.each([
    ['a number', [uniqueKey(), 7], 'keys[1]'],
    ['null', [null], 'keys[0]'],
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    ['a hole', [, uniqueKey()], 'keys[0]'],
    ['an array', [uniqueKey(), uniqueKey(), ['key']], 'keys[2]'],
  ])('mget rejects %s among the keys and says where', async (_, keys, place) => {
    const error = await rejection(() => mget(keys))

    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', message: expect.stringContaining(place) })
  })

  test.each(thrown)(
    'mget rejects when reading an element throws %s, which is the cause',
    async (_, value) => {
      const keys = [uniqueKey()]
      Object.defineProperty(keys, 0, {
        get() {
          throw value
        },
      })

      const error = await rejection(() => mget(keys))

      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', message: expect.stringMatching(/^keys /) })
      expect(Object.keys(error)).not.toContain('cause')
      expect(error.cause).toBe(value)
    },
  )

  test('mget reads what getters return', async () => {
    const [key, other] = [uniqueKey(), uniqueKey()]
    await redisManager.set(key, 'value', 60)
    const keys = Object.defineProperty([other, other], 1, { get: () => key })

    expect(await redisManager.mget(keys)).toStrictEqual([null, 'value'])
  })

  test('an error has no cause that an earlier call has left', async () => {
    const throwing = {
      toJSON() {
        throw new Error('of the caller')
      },
    }
    await rejection(() => IdempotencyCache.set(uniqueKey(), throwing))

    expect(await rejection(() => redisManager.get(''))).not.toHaveProperty('cause')
  })
})

describe('superfluous arguments', () => {
  test.each(methods.map((method): [string, Method] => [method.name, method]))(
    '%s ignores them',
    async (_, method) => {
      await expect(method.call(...validArguments(method), 'more', {})).resolves.not.toBeInstanceOf(Error)
    },
  )

  test.each(healthChecks)('%s.healthCheck ignores them', async (_, check) => {
    await expect((check as (more: string) => Promise<object>)('more')).resolves.toHaveProperty('status')
  })
})
