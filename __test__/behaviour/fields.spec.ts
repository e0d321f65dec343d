import { describe, expect, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { rejection } from '../support/rejection'
import { claim, customer, submission, subscription, uniqueKey } from '../support/samples'
import { thrown } from '../support/thrown'

type Write = (key: string, data: unknown) => Promise<unknown>

interface Shape {
  write: Write
  prefix: string
  argument: string
  data: object
  required: Record<string, unknown[]>
}

const notText = [7, true, null, {}, ['text']]
const notNumber = ['7', true, null, {}, [7], Number.NaN, Number.POSITIVE_INFINITY]
const notId = [...notText, '']
const notStatus = [...notText, 'done', 'Processing', '', ' failed']

const formFields = { timestamp: notNumber }

/** What each method refuses in each field. */
const shapes: [name: string, Shape][] = [
  [
    'FormCache.set',
    {
      write: FormCache.set as Write,
      prefix: 'form:',
      argument: 'formData',
      data: submission,
      required: { ...formFields, status: notStatus },
    },
  ],
  [
    'FormCache.tryAcquireProcessing',
    {
      write: FormCache.tryAcquireProcessing as Write,
      prefix: 'form:',
      argument: 'formData',
      data: claim,
      required: formFields,
    },
  ],
  [
    'CustomerCache.setCustomer',
    {
      write: CustomerCache.setCustomer as Write,
      prefix: 'customer:',
      argument: 'data',
      data: customer,
      required: { stripeCustomerId: notId },
    },
  ],
  [
    'CustomerCache.setSubscription',
    {
      write: CustomerCache.setSubscription as Write,
      prefix: 'subscription:',
      argument: 'data',
      data: subscription,
      required: { id: notId },
    },
  ],
]

const missing = shapes.flatMap(([name, shape]) =>
  Object.keys(shape.required).map((field): [string, string, Shape] => [name, field, shape]),
)
const wrong = shapes.flatMap(([name, shape]) =>
  Object.entries(shape.required).flatMap(([field, values]) =>
    values.map((value): [string, unknown, string, Shape] => [name, value, field, shape]),
  ),
)

async function expectRefusal(write: () => Promise<unknown>, field: string, storedKey: string) {
  const error = await rejection(write)

  expect(error).toBeInstanceOf(TypeError)
  expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
  expect(error.message).toContain(field)
  expect(error.message).not.toContain('guest@example.com')
  expect(await redisManager.exists(storedKey)).toBe(false)
}

describe('fields', () => {
  test.each(missing)('%s rejects data without %s', async (_, field, { write, prefix, data }) => {
    const key = uniqueKey()
    const { [field]: _left, ...rest } = data as Record<string, unknown>

    await expectRefusal(() => write(key, rest), field, prefix + key)
    await expectRefusal(() => write(key, { ...data, [field]: undefined }), field, prefix + key)
  })

  test.each(wrong)('%s rejects %p as %s', async (_, value, field, { write, prefix, data }) => {
    const key = uniqueKey()

    await expectRefusal(() => write(key, { ...data, [field]: value }), field, prefix + key)
  })

  test.each(shapes)('%s rejects an array', async (_, { write, prefix, argument }) => {
    const key = uniqueKey()

    await expectRefusal(() => write(key, [submission]), argument, prefix + key)
  })

  test.each(shapes)('%s takes fields from anywhere that JSON.stringify does', async (_, shape) => {
    const key = uniqueKey()
    class Data {
      toJSON() {
        return { ...shape.data }
      }
    }

    await shape.write(key, new Data())

    expect(JSON.parse((await redisManager.get(shape.prefix + key)) ?? '')).toMatchObject(shape.data)
  })
})

describe('what does not turn into JSON', () => {
  const circular: Record<string, unknown> = { ...submission }
  circular.self = circular

  const fromObject = new Error('from the object')
  const throwing = () => {
    throw fromObject
  }

  const objects: [string, object, unknown][] = [
    [
      'a circular object',
      circular,
      expect.objectContaining({ message: expect.stringContaining('circular') }),
    ],
    [
      'a BigInt',
      { ...submission, big: 1n },
      expect.objectContaining({ message: expect.stringContaining('BigInt') }),
    ],
    [
      'a getter that throws',
      Object.defineProperty({}, 'url', { enumerable: true, get: throwing }),
      fromObject,
    ],
    ['a toJSON that throws', { toJSON: throwing }, fromObject],
    ['a Proxy that throws', new Proxy({}, { get: throwing }), fromObject],
    ['a Proxy that hides its fields by throwing', new Proxy({}, { ownKeys: throwing }), fromObject],
  ]
  const writers: [string, Write, string, string][] = [
    ['IdempotencyCache.set', IdempotencyCache.set as Write, 'idempotency:', 'result'],
    ...shapes.map(([name, { write, prefix, argument }]): [string, Write, string, string] => [
      name,
      write,
      prefix,
      argument,
    ]),
  ]
  const cases = writers.flatMap(([name, write, prefix, argument]) =>
    objects.map(([label, object, cause]): [string, string, Write, string, string, object, unknown] => [
      name,
      label,
      write,
      prefix,
      argument,
      object,
      cause,
    ]),
  )

  test.each(cases)(
    '%s rejects %s with the cause',
    async (_, _label, write, prefix, argument, object, cause) => {
      const key = uniqueKey()

      const error = await rejection(() => write(key, object))

      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringContaining(argument),
      })
      expect(error.message).not.toContain('from the object')
      expect(error.cause).toEqual(cause)
      expect(await redisManager.exists(prefix + key)).toBe(false)
    },
  )

  test.each(
    writers.flatMap(([name, write]) =>
      thrown.map(([label, value]): [string, string, Write, unknown] => [name, label, write, value]),
    ),
  )('%s has %s, thrown by a toJSON, as the cause of its error', async (_, _label, write, value) => {
    const throwing = {
      toJSON() {
        throw value
      },
    }

    const error = await rejection(() => write(uniqueKey(), throwing))

    expect(error).toBeInstanceOf(TypeError)
    expect(error.code).toBe('ERR_INVALID_ARG_VALUE')
    expect(error.cause).toBe(value)
  })

  test('a call that a toJSON makes and that fails leaves its cause to its own error', async () => {
    let inner: Promise<Error & { code: string }> | undefined
    const outer = {
      toJSON() {
        const throwing = {
          toJSON() {
            throw new Error('of the inner')
          },
        }
        inner = rejection(() => IdempotencyCache.set(uniqueKey(), throwing))
        throw new Error('of the outer')
      },
    }

    const error = await rejection(() => IdempotencyCache.set(uniqueKey(), outer))

    expect(error.cause).toEqual(new Error('of the outer'))
    expect((await inner)?.cause).toEqual(new Error('of the inner'))
  })

  test.each(
    writers.flatMap(([name, write, prefix, argument]) =>
      [undefined, null, 'text', 7, true].map((value): [string, unknown, Write, string, string] => [
        name,
        value,
        write,
        prefix,
        argument,
      ]),
    ),
  )('%s rejects a toJSON that returns %p', async (_, value, write, prefix, argument) => {
    const key = uniqueKey()

    await expectRefusal(() => write(key, { toJSON: () => value }), argument, prefix + key)
  })
})
