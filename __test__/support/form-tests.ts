import { describe, expect, test } from '@jest/globals'
import type { FormCache } from 'redlatch'
import { eventually } from './eventually'
import { formKeyVectors, partsKeyVectors } from './form-key-vectors'
import { badFormKeys, formVectors, type Step } from './form-vectors'
import { rejection } from './rejection'
import { claim, submission, uniqueKey } from './samples'

type Forms = typeof FormCache

function take(forms: Forms, key: unknown, [method, args]: Step): Promise<unknown> {
  return (forms[method] as (...args: unknown[]) => Promise<unknown>)(key, ...args)
}

async function expectStep(forms: Forms, key: unknown, step: Step): Promise<void> {
  const [, , outcome] = step
  const before = Date.now()
  if ('refusal' in outcome) {
    const { about, ...refusal } = outcome.refusal
    const error = await rejection(() => take(forms, key, step))
    expect(error).toMatchObject({ ...refusal, message: expect.stringContaining(about) })
    return
  }
  const value = await take(forms, key, step)
  const expected = outcome.is as { timestamp?: unknown } | null | undefined
  if (expected?.timestamp !== 'now') return expect(value).toStrictEqual(expected)
  expect(value).toStrictEqual({ ...expected, timestamp: expect.any(Number) })
  const { timestamp } = value as { timestamp: number }
  // The last call but one has made the change, at most a moment ago.
  expect(before - timestamp).toBeLessThan(5000)
  expect(timestamp).toBeLessThanOrEqual(Date.now())
}

/** What a FormCache has to do wherever it runs: on Redis, on memory and in a browser's tab. */
export function formTests(forms: Forms): void {
  test.each(formKeyVectors)('generateKey of %s', (_, parts, expected) => {
    expect(forms.generateKey(...parts)).toBe(expected)
  })

  test.each([
    ['eventId', [undefined, 'a@b.c', 's']],
    ['guestEmail', ['e', null, 's']],
    ['startTime', ['e', 'a@b.c', 7]],
  ])('generateKey throws a TypeError that names %s', (name, args) => {
    const generate = () => forms.generateKey(...(args as [string, string, string]))

    expect(generate).toThrow(TypeError)
    expect(generate).toThrow(name)
  })

  test.each(partsKeyVectors)('key of %s', (_, parts, expected) => {
    expect(forms.key(...parts)).toBe(expected)
  })

  test.each<[label: string, parts: unknown[], error: { name: string; code: string }]>([
    ['no parts', [], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
    ['a number', ['a', 7], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
    ['null', [null, 'a'], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
    ['an array', [['a', 'b']], { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }],
    ['a lone surrogate', ['a\ud800'], { name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE' }],
    ['halves of an emoji', ['\ud83d', '\ude00'], { name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE' }],
    ['more than 32 KiB', ['é'.repeat(16 * 1024)], { name: 'RangeError', code: 'ERR_INVALID_ARG_VALUE' }],
  ])('key throws for %s', async (_, parts, expected) => {
    const make = async () => (forms.key as (...parts: unknown[]) => string)(...parts)

    expect(await rejection(make)).toMatchObject(expected)
  })

  test('a key of parts is one that entries can have', async () => {
    const [key, other] = [forms.key('test', uniqueKey(), 'a+b@x'), forms.key('test', uniqueKey(), 'a.b@x')]

    expect(await forms.tryAcquireProcessing(key, claim)).toBe(true)
    expect(await forms.tryAcquireProcessing(key, claim)).toBe(false)
    expect(await forms.tryAcquireProcessing(other, claim)).toBe(true)
  })

  test.each(formVectors)('%s', async (_, steps) => {
    const key = uniqueKey()

    for (const step of steps) await expectStep(forms, key, step)
  })

  describe.each(badFormKeys)('%s', (_, key, refusal) => {
    test.each<Step>([
      ['get', [], { refusal }],
      ['isProcessing', [], { refusal }],
      ['set', [submission], { refusal }],
      ['tryAcquireProcessing', [claim], { refusal }],
      ['markCompleted', [], { refusal }],
      ['markFailed', [], { refusal }],
      ['delete', [], { refusal }],
    ])('is refused by %s', (...step) => expectStep(forms, key, step))
  })

  test('of many claims at once exactly one is granted', async () => {
    const key = uniqueKey()

    const claims = await Promise.all(Array.from({ length: 50 }, () => forms.tryAcquireProcessing(key, claim)))

    expect(claims.filter(Boolean)).toHaveLength(1)
  })

  test('what the caller does to the data later changes nothing', async () => {
    const key = uniqueKey()
    const data = { ...submission, note: { text: 'as it was' } }

    const stored = forms.set(key, data)
    data.note.text = 'changed'
    await stored

    expect(await forms.get(key)).toStrictEqual({ ...submission, note: { text: 'as it was' } })
  })

  test('an expired entry is absent and can be claimed again', async () => {
    const key = uniqueKey()
    await forms.tryAcquireProcessing(key, claim, 1)

    await eventually(async () => (await forms.get(key)) === null)

    expect(await forms.isProcessing(key)).toBe(false)
    expect(await forms.tryAcquireProcessing(key, claim)).toBe(true)
  })

  test('healthCheck is healthy', async () => {
    expect(await forms.healthCheck()).toStrictEqual({ status: 'healthy', message: expect.any(String) })
  })
}
