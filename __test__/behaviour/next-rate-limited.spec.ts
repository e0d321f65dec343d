import { describe, expect, test } from '@jest/globals'
import { RateLimiter } from 'redlatch'
import { rateLimited } from 'redlatch/next'
import { uniqueKey } from '../support/samples'

const limiterOf = (tokens: number, name: string) =>
  new RateLimiter({ limiter: RateLimiter.fixedWindow(tokens, '1 h'), prefix: uniqueKey(), name })

const request = (address: string) =>
  new Request('https://example.com/api/book', {
    method: 'POST',
    headers: { 'x-forwarded-for': `6.6.6.6, ${address}` },
  })

describe('rateLimited', () => {
  test('admits with headers, and denies with a problem', async () => {
    let calls = 0
    const POST = rateLimited(
      () => {
        calls += 1
        return Response.json({ booked: true }, { status: 201 })
      },
      { limiter: limiterOf(1, 'booking') },
    )

    const admitted = await POST(request('203.0.113.9'))
    const denied = await POST(request('203.0.113.9'))

    expect([admitted.status, denied.status, calls]).toStrictEqual([201, 429, 1])
    expect(admitted.headers.get('ratelimit')).toMatch(/^"booking";r=0;t=\d+$/)
    expect(denied.headers.get('content-type')).toBe('application/problem+json')
    expect(Number(denied.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(denied.headers.get('ratelimit-policy')).toBe('"booking";q=1;w=3600')
    expect(await denied.json()).toStrictEqual({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      status: 429,
      title: 'Too many requests',
      detail: 'Send the request again when Retry-After has passed.',
      'violated-policies': ['booking'],
    })
    expect((await POST(request('203.0.113.10'))).status).toBe(201)
  })

  test('of several limits each has to admit, and a denied request consumes nothing', async () => {
    const [wide, narrow] = [limiterOf(3, 'wide'), limiterOf(1, 'narrow')]
    const POST = rateLimited(() => new Response('done'), {
      limiter: [wide, narrow],
      id: (given) => given.headers.get('x-user') ?? 'nobody',
      onDenied: (_, results) =>
        Response.json(
          results.map(({ success }) => success),
          { status: 429 },
        ),
    })

    await POST(request('203.0.113.9'))
    const denied = await POST(request('203.0.113.9'))

    expect(await denied.json()).toStrictEqual([true, false])
    expect(denied.headers.get('ratelimit')).toMatch(/"wide";r=2;t=\d+, "narrow";r=0;t=\d+/)
    expect((await wide.getRemaining('nobody')).remaining).toBe(2)
  })

  test('a response whose headers cannot be changed gets them, too', async () => {
    const POST = rateLimited(() => Response.redirect('https://example.com/done', 303), {
      limiter: limiterOf(1, 'redirect'),
    })

    const response = await POST(request('203.0.113.9'))

    expect([response.status, response.headers.get('location')]).toStrictEqual([
      303,
      'https://example.com/done',
    ])
    expect(response.headers.get('ratelimit')).toMatch(/^"redirect"/)
  })
})
