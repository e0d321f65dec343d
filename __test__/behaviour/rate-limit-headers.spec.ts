import { describe, expect, test } from '@jest/globals'
import { clientAddress, RateLimiter, type RateLimitResult, rateLimitHeaders } from 'redlatch'
import { type Item, parseList } from 'structured-headers'
import { uniqueKey } from '../support/samples'

const limiterOf = (tokens: number, name?: string) =>
  new RateLimiter({ limiter: RateLimiter.fixedWindow(tokens, '1 h'), prefix: uniqueKey(), name })

/** A list of a structured field: each item with its parameters. */
const parsed = (text: string | undefined) =>
  parseList(text ?? '').map((item) => [(item as Item)[0], Object.fromEntries((item as Item)[1])])

describe('rateLimitHeaders', () => {
  test('tell the policy and what is left, as the IETF draft has it', async () => {
    const headers = rateLimitHeaders(await limiterOf(5, 'per minute "quoted" \\').limit('guest'))

    expect(parsed(headers['RateLimit-Policy'])).toStrictEqual([['per minute "quoted" \\', { q: 5, w: 3600 }]])
    const [[name, { r, t }]] = parsed(headers.RateLimit) as [[string, { r: number; t: number }]]
    expect([name, r]).toStrictEqual(['per minute "quoted" \\', 4])
    expect(t).toBeGreaterThan(0)
    expect(t).toBeLessThanOrEqual(3600)
    expect(Object.keys(headers)).toStrictEqual(['RateLimit-Policy', 'RateLimit'])
  })

  test('say when to try again if a limit denies', async () => {
    const limiter = limiterOf(1)
    await limiter.limit('guest')
    const denied = await limiter.limit('guest')

    const headers = rateLimitHeaders(denied)

    expect(Number(headers['Retry-After'])).toBe(Math.ceil(denied.retryAfterMs / 1000))
    expect(parsed(headers.RateLimit)).toMatchObject([['default', { r: 0 }]])
  })

  test('have an item for each limit, with names that differ', async () => {
    const checks = [3, 2].map((tokens) => ({ limiter: limiterOf(tokens), id: 'guest' }))

    const headers = rateLimitHeaders((await RateLimiter.limitAll(checks)).results, { legacy: true })

    expect(parsed(headers.RateLimit)).toMatchObject([
      ['default', { r: 2 }],
      ['default-2', { r: 1 }],
    ])
    expect(headers).toMatchObject({ 'X-RateLimit-Limit': '2', 'X-RateLimit-Remaining': '1' })
    expect(Number(headers['X-RateLimit-Reset'])).toBeGreaterThan(Date.now() / 1000)
  })

  test('tell nothing of a limit that is unknown in an outage', async () => {
    const result: RateLimitResult = { ...(await limiterOf(1).limit('guest')), reason: 'outage' }

    expect(rateLimitHeaders(result)).toStrictEqual({})
    expect(rateLimitHeaders({ ...result, success: false, retryAfterMs: 1_000 })).toStrictEqual({
      'Retry-After': '1',
    })
  })

  test('tell nothing of a limit that was not asked, because another one is certain to deny', async () => {
    const checks = [1, 9].map((tokens) => ({ limiter: limiterOf(tokens, `of-${tokens}`), id: 'guest' }))
    await RateLimiter.limitAll(checks)
    await RateLimiter.limitAll(checks)

    const { results } = await RateLimiter.limitAll(checks)

    expect(results.map(({ success, reason }) => [success, reason])).toStrictEqual([
      [false, 'cacheBlock'],
      [true, 'cacheBlock'],
    ])
    const headers = rateLimitHeaders(results)
    expect(parsed(headers.RateLimit)).toMatchObject([['of-1', { r: 0 }]])
    expect(parsed(headers['RateLimit-Policy'])).toStrictEqual([['of-1', { q: 1, w: 3600 }]])
  })
})

describe('clientAddress', () => {
  const request = (forwardedFor?: string) =>
    new Request('https://example.com', forwardedFor ? { headers: { 'x-forwarded-for': forwardedFor } } : {})

  test.each([
    ['6.6.6.6, 203.0.113.9', {}, '203.0.113.9'],
    ['6.6.6.6, 203.0.113.9, 10.0.0.1', { trustedHops: 2 }, '203.0.113.9'],
    ['203.0.113.9', { trustedHops: 3 }, '203.0.113.9'],
    ['203.0.113.9:4711', {}, '203.0.113.9'],
    ['::ffff:203.0.113.9', {}, '203.0.113.9'],
    ['[2001:db8:1:2::9]:443', {}, '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', { ipv6Prefix: 48 }, '2001:db8:1::/48'],
    ['2001:db8:1:2::9', { ipv6Prefix: 128 }, '2001:db8:1:2::9'],
    ['<script>', {}, 'unknown'],
    [undefined, {}, 'unknown'],
  ])('of %p with %p is %s', (forwardedFor, options, expected) => {
    expect(clientAddress(request(forwardedFor), options)).toBe(expected)
  })

  test('without proxies it is that of the connection, whatever the header says', () => {
    const incoming = {
      headers: { 'x-forwarded-for': '6.6.6.6' },
      socket: { remoteAddress: '::ffff:203.0.113.9' },
    }

    expect(clientAddress(incoming, { trustedHops: 0 })).toBe('203.0.113.9')
    expect(clientAddress({ ...incoming, headers: {} })).toBe('203.0.113.9')
    expect(clientAddress(request('6.6.6.6'), { trustedHops: 0 })).toBe('unknown')
  })

  test.each([
    ['options.trustedHops', { trustedHops: -1 }],
    ['options.ipv6Prefix', { ipv6Prefix: 129 }],
  ])('a wrong %s is named', (name, options) => {
    expect(() => clientAddress(request('203.0.113.9'), options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE', message: expect.stringMatching(`^${name} `) }),
    )
  })
})
