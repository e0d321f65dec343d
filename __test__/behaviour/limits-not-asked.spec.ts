import { expect, test } from '@jest/globals'
import { RateLimiter, rateLimitHeaders } from 'redlatch'
import { uniqueKey } from '../support/samples'

// The id is certain to be denied by one limit, so that Redis is not asked about the other.
test('headers do not tell of a limit that was not asked', async () => {
  const id = uniqueKey()
  const limiters = [1, 9].map((tokens) => {
    const name = `of-${tokens}`
    return new RateLimiter({ name, limiter: RateLimiter.gcra(tokens, '1 h') })
  })
  const ask = () => RateLimiter.limitAll(limiters.map((limiter) => ({ limiter, id })))
  await ask()
  await ask()

  const { results } = await ask()

  expect(results.map(({ success, reason }) => [success, reason])).toEqual([
    [false, 'cacheBlock'],
    [true, 'cacheBlock'],
  ])
  const headers = rateLimitHeaders(results)
  expect(headers.RateLimit).toMatch(/^"of-1";r=0;t=\d+$/)
  expect(headers['RateLimit-Policy']).toBe('"of-1";q=1;w=3600')
})
