import { describe, expect, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { customer, submission, uniqueKey } from '../support/samples'

const oddTexts: [label: string, text: string][] = [
  ['quotes and backslashes', `'"\`\\"\\\\u0041`],
  ['newlines', '\r\n\n\u2028\u2029'],
  ['NUL and other control characters', '\0\u0001\u001f\u007f\u0085'],
  ['emoji', '👩‍👩‍👧‍👦😀'],
  ['text of a Redis command', '\r\n*1\r\n$4\r\nPING\r\n'],
  ['glob and script characters', '*?[a-z]{}$(id);--'],
  ['spaces only', '   '],
  ['a byte order mark', '\ufeff'],
  ['a slash and percent signs', '../%2e%2e/%00?a=b#c'],
]

describe('odd keys and values', () => {
  test.each(oddTexts)('a key and a value may hold %s', async (_, text) => {
    const key = uniqueKey() + text

    await redisManager.set(key, text, 60)

    expect(await redisManager.get(key)).toBe(text)
    expect(await redisManager.mget([key])).toStrictEqual([text])
    expect(await redisManager.setNx(key, 'other', 60)).toBe(false)
  })

  test.each(oddTexts)('keys and fields of the caches may hold %s', async (_, text) => {
    const key = uniqueKey() + text

    await IdempotencyCache.set(key, { [text]: text })
    await FormCache.tryAcquireProcessing(key, { ...submission, eventId: text })
    await FormCache.markFailed(key)
    await CustomerCache.setCustomer(key, { ...customer, name: text })
    await CustomerCache.setEmailMapping(key, text)

    expect(await IdempotencyCache.get(key)).toStrictEqual({ [text]: text })
    expect(await FormCache.get(key)).toMatchObject({ eventId: text, status: 'failed' })
    expect(await CustomerCache.getCustomer(key)).toStrictEqual({ ...customer, name: text })
    expect(await CustomerCache.getCustomerByEmail(key)).toBe(text)
  })

  test('keys that differ only in what looks the same are different keys', async () => {
    const key = uniqueKey()
    await redisManager.set(`${key}é`, 'composed', 60)

    expect(await redisManager.get(`${key}e\u0301`)).toBeNull()
  })

  test.each([
    ['letters', 'x'.repeat(2 ** 20)],
    ['emoji', '😀'.repeat(2 ** 18)],
    ['control characters', '\u0001'.repeat(2 ** 20)],
  ])('a value may be a megabyte of %s', async (_, value) => {
    const key = uniqueKey()

    await redisManager.set(key, value, 60)

    expect((await redisManager.get(key)) === value).toBe(true)
    await redisManager.del(key)
  })

  test('a submission may be a megabyte and is marked like any other', async () => {
    const key = uniqueKey()
    const notes = 'ü"'.repeat(2 ** 19)
    await FormCache.set(key, { ...submission, notes } as typeof submission)

    await FormCache.markCompleted(key, 60)

    const marked = (await FormCache.get(key)) as (typeof submission & { notes: string }) | null
    expect(marked?.status).toBe('completed')
    expect(marked?.notes === notes).toBe(true)
    await FormCache.delete(key)
  })
})

describe('odd JSON', () => {
  test.each([
    ['a lone surrogate, which JSON escapes', { text: '\ud800', '\udc00': 1 }],
    ['a field without a name', { '': '' }],
    ['numbers at the limits', { n: [-0, 1e21, 5e-324, 1.7976931348623157e308, 0.1] }],
    ['an array of everything', [null, [], {}, 'text', 7, true]],
  ])('a result may hold %s', async (_, result) => {
    const key = uniqueKey()

    await IdempotencyCache.set(key, result)

    expect(await IdempotencyCache.get(key)).toStrictEqual(JSON.parse(JSON.stringify(result)))
  })

  test('a field called __proto__ comes back as a field and pollutes nothing', async () => {
    const key = uniqueKey()
    const result = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}')

    await IdempotencyCache.set(key, result)

    const read = (await IdempotencyCache.get(key)) as object
    expect(Object.keys(read)).toStrictEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  test('instances, dates and typed arrays are stored as JSON.stringify has them', async () => {
    class Money {
      readonly #cents = 5
      currency = 'EUR'
      get cents() {
        return this.#cents
      }
    }
    const key = uniqueKey()
    const result = { money: new Money(), at: new Date(0), map: new Map([[1, 2]]), bytes: new Uint8Array([7]) }

    await IdempotencyCache.set<object>(key, result)

    expect(await IdempotencyCache.get(key)).toStrictEqual({
      money: { currency: 'EUR' },
      at: '1970-01-01T00:00:00.000Z',
      map: {},
      bytes: { 0: 7 },
    })
  })

  test('what has no JSON is left out or null, as JSON.stringify has it', async () => {
    const key = uniqueKey()

    await IdempotencyCache.set<object>(key, {
      a: undefined,
      b: () => 1,
      c: Symbol('c'),
      d: Number.NaN,
      e: [undefined],
    })

    expect(await redisManager.get(`idempotency:${key}`)).toBe('{"d":null,"e":[null]}')
  })

  test('an object without a prototype and one whose toJSON makes an object are results', async () => {
    const [bare, made] = [uniqueKey(), uniqueKey()]

    await IdempotencyCache.set(bare, Object.assign(Object.create(null), { url: '/bare' }))
    await IdempotencyCache.set<object>(made, { toJSON: () => ({ url: '/made' }) })

    expect(await IdempotencyCache.get(bare)).toStrictEqual({ url: '/bare' })
    expect(await IdempotencyCache.get(made)).toStrictEqual({ url: '/made' })
  })
})

describe('stored JSON that JSON.stringify would not write', () => {
  const text =
    ' {"eventId" :"evt_0", "id":12345678901234567890, "eventId":"evt_1","zero":-0,"big":1e21,' +
    '"guestEmail":"\\u0067uest@example.com","startTime":"","status":"failed","status":"\\u0070rocessing","list":[ ],' +
    '"__proto__":{},"lone":"\\ud800","timestamp":1.0e3}\n'

  test('a submission with duplicate fields, long numbers and escapes reads as JSON.parse has it', async () => {
    const key = uniqueKey()
    await redisManager.set(`form:${key}`, text, 60)

    expect(await FormCache.get(key)).toStrictEqual(JSON.parse(text))
    expect(await FormCache.isProcessing(key)).toBe(true)
    expect(await redisManager.get(`form:${key}`)).toBe(text)
  })

  test('marking such a submission changes status and timestamp and no other byte', async () => {
    const key = uniqueKey()
    await redisManager.set(`form:${key}`, text, 60)

    await FormCache.markFailed(key)

    const marked = (await redisManager.get(`form:${key}`)) ?? ''
    const { timestamp } = JSON.parse(marked)
    expect(timestamp).toBeGreaterThan(1.7e12)
    expect(marked).toBe(text.replace('"\\u0070rocessing"', '"failed"').replace('1.0e3', String(timestamp)))
  })
})

describe('deep nesting', () => {
  const depth = 10_000
  const deepText = (open: string, close: string) => open.repeat(depth) + close.repeat(depth)

  test.each([
    ['arrays', deepText('[', ']')],
    ['objects', `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`],
  ])('a stored result of 10,000 nested %s is read as JSON.parse reads it', async (_, text) => {
    const key = uniqueKey()
    await redisManager.set(`idempotency:${key}`, text, 60)

    const read = await IdempotencyCache.get(key)

    let levels = 0
    for (let value: unknown = read; typeof value === 'object' && value !== null; levels += 1) {
      value = Object.values(value)[0]
    }
    expect(levels).toBe(depth)
    expect(await redisManager.get(`idempotency:${key}`)).toBe(text)
  })

  test('a submission with 10,000 nested arrays is read and marked', async () => {
    const key = uniqueKey()
    const text = `{"deep":${deepText('[', ']')},${JSON.stringify(submission).slice(1)}`
    await redisManager.set(`form:${key}`, text, 60)

    await FormCache.markCompleted(key, 60)

    expect((await FormCache.get(key))?.status).toBe('completed')
  })

  test('an object too deep for JSON.stringify rejects like any other that has no JSON', async () => {
    const key = uniqueKey()
    let result: object = {}
    for (let level = 0; level < 1_000_000; level += 1) result = { result }

    await expect(IdempotencyCache.set(key, result)).rejects.toMatchObject({
      constructor: TypeError,
      code: 'ERR_INVALID_ARG_VALUE',
    })
    expect(await IdempotencyCache.exists(key)).toBe(false)
  })

  test('brackets without end read as null and are removed', async () => {
    const key = uniqueKey()
    await redisManager.set(`idempotency:${key}`, '['.repeat(1_000_000), 60)

    expect(await IdempotencyCache.get(key)).toBeNull()
    expect(await redisManager.exists(`idempotency:${key}`)).toBe(false)
  })
})
