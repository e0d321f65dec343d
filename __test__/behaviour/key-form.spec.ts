import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type * as Redlatch from 'redlatch'
import { FormCache } from 'redlatch'
import { formKeyVectors, partsKeyVectors } from '../support/form-key-vectors'

const built = (file: string): typeof Redlatch => require(join(__dirname, '..', '..', 'dist', file))
const implementations = [FormCache, built('browser.js').FormCache, built('edge.js').FormCache]

/** The rule in plain JavaScript. */
function plain(eventId: string, guestEmail: string, startTime: string): string {
  const email = guestEmail.trim().toLowerCase()
  return `${eventId}-${email}-${startTime}`.replace(/[^A-Za-z0-9\-_]/g, '_')
}

describe('key', () => {
  /** The rule in plain JavaScript. */
  const plainKey = (parts: string[]) => parts.map((part) => `${part.length}:${part}`).join(',')

  const part = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'01:,ab') }))
  const parts = fc.tuple(part, fc.array(part)).map(([first, more]): [string, ...string[]] => [first, ...more])

  test.each(partsKeyVectors)('key of %s is what JavaScript makes of it', (_, parts, expected) => {
    expect(FormCache.key(...parts)).toBe(expected)
    expect(plainKey(parts)).toBe(expected)
  })

  test('key is the same for any parts on the server, in a browser and on Edge', () => {
    fc.assert(
      fc.property(parts, (parts) => {
        const expected = plainKey(parts)
        for (const { key } of implementations) expect(key(...parts)).toBe(expected)
      }),
      { numRuns: 2000, seed: 1 },
    )
  })

  test('different parts have different keys', () => {
    // Texts of few characters, among them what stands between parts, cut in two ways: what could collide.
    const text = fc.string({ unit: fc.constantFrom(...'12:,a'), maxLength: 12 })
    const cuts = fc.array(fc.nat(12), { maxLength: 4 })
    const cut = (text: string, at: number[]) => {
      const ends = [0, ...at.map((end) => Math.min(end, text.length)).sort((a, b) => a - b), text.length]
      return ends.slice(1).map((end, index) => text.slice(ends[index], end)) as [string, ...string[]]
    }

    fc.assert(
      fc.property(text, cuts, cuts, (text, one, other) => {
        const [left, right] = [cut(text, one), cut(text, other)]
        const isSame = JSON.stringify(left) === JSON.stringify(right)
        expect(FormCache.key(...left) === FormCache.key(...right)).toBe(isSame)
      }),
      { numRuns: 5000, seed: 1 },
    )
  })

  test('no key of parts is one of generateKey', () => {
    fc.assert(
      fc.property(part, part, part, parts, (eventId, guestEmail, startTime, parts) => {
        expect(FormCache.key(...parts)).not.toBe(FormCache.generateKey(eventId, guestEmail, startTime))
      }),
      { numRuns: 500, seed: 1 },
    )
  })
})

describe('generateKey', () => {
  test.each(formKeyVectors)('generateKey of %s is what JavaScript makes of it', (_, parts, expected) => {
    expect(FormCache.generateKey(...parts)).toBe(expected)
    expect(plain(...parts)).toBe(expected)
  })

  test('generateKey is the plain JavaScript rule for any strings', () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
    const space = fc.constantFrom(
      ...'\t\n\v\f\r \u0085\u00a0\u1680\u180e\u2000\u200b\u2028\u2029\u202f\u3000\ufeff',
    )
    const letter = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
    const text = fc.array(fc.oneof(unit, space, letter)).map((units) => units.join(''))

    fc.assert(
      fc.property(text, text, text, (eventId, guestEmail, startTime) => {
        expect(FormCache.generateKey(eventId, guestEmail, startTime)).toBe(
          plain(eventId, guestEmail, startTime),
        )
      }),
      { numRuns: 2000, seed: 1 },
    )
  })

  test('generateKey is the plain JavaScript rule for every single UTF-16 unit and every code point', () => {
    const codes = Array.from({ length: 0x110000 }, (_, code) => code)
    const differing = codes.filter((code) => {
      const text = `a${String.fromCodePoint(code)}b${String.fromCodePoint(code)}`
      return FormCache.generateKey('', text, '') !== plain('', text, '')
    })

    expect(differing).toStrictEqual([])
  })
})

describe('generateKey with wrong arguments', () => {
  const generate = FormCache.generateKey as (...args: unknown[]) => string

  test.each([
    ['eventId', [undefined, 'a@b.c', 's']],
    ['eventId', [7, 'a@b.c', 's']],
    ['guestEmail', ['e', null, 's']],
    ['guestEmail', ['e', {}, 's']],
    ['startTime', ['e', 'a@b.c', new Date()]],
    ['startTime', ['e', 'a@b.c']],
  ])('generateKey throws a TypeError that names %s', (name, args) => {
    expect.assertions(3)
    try {
      generate(...args)
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', message: expect.stringContaining(name) })
      expect(String(error)).not.toContain('a@b.c')
    }
  })
})
