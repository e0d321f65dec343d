import type { RateLimitResult } from './rate-limiter.js'

/**
 * The headers that tell a client about its limits: `RateLimit-Policy` and `RateLimit` as the IETF draft has them
 * (draft-ietf-httpapi-ratelimit-headers), and `Retry-After` if a limit denies. A limit of which nothing is known is left
 * out: in an outage, or if another limit of the same call was certain to deny, so that Redis was not asked.
 * @default legacy false
 * @see docs/rate-limits.md
 * @example return new Response('Too many requests', { status: 429, headers: rateLimitHeaders(result) })
 */
export function rateLimitHeaders(
  results: RateLimitResult | readonly RateLimitResult[],
  { legacy = false }: { legacy?: boolean | undefined } = {},
): Record<string, string> {
  const all = [results].flat()
  const known = all.filter(isKnown)
  const headers: Record<string, string> = {}
  if (known.length > 0) {
    const now = Date.now()
    const names = namesOf(known)
    headers['RateLimit-Policy'] = known
      .map(({ limit, windowMs }, index) => `${names[index]};q=${limit};w=${toSeconds(windowMs)}`)
      .join(', ')
    headers.RateLimit = known
      .map(({ remaining, reset }, index) => `${names[index]};r=${remaining};t=${toSeconds(reset - now)}`)
      .join(', ')
    if (legacy) Object.assign(headers, legacyHeaders(known))
  }
  const retryAfterMs = Math.max(...all.map(({ success, retryAfterMs }) => (success ? 0 : retryAfterMs)))
  if (retryAfterMs > 0) headers['Retry-After'] = String(toSeconds(retryAfterMs))
  return headers
}

const isKnown = ({ success, reason }: RateLimitResult) =>
  reason !== 'outage' && !(success && reason === 'cacheBlock')

/** What clients of before the draft know: the limit that is nearest to its end. */
function legacyHeaders(results: readonly RateLimitResult[]): Record<string, string> {
  const nearest = results.reduce((one, other) => (other.remaining < one.remaining ? other : one))
  return {
    'X-RateLimit-Limit': String(nearest.limit),
    'X-RateLimit-Remaining': String(nearest.remaining),
    'X-RateLimit-Reset': String(toSeconds(nearest.reset)),
  }
}

/** The names of the policies as strings of a structured field (RFC 9651), each once. */
function namesOf(results: readonly RateLimitResult[]): string[] {
  const counts = new Map<string, number>()
  return results.map(({ name }) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return JSON.stringify(count === 1 ? name : `${name}-${count}`)
  })
}

const toSeconds = (ms: number) => Math.max(0, Math.ceil(ms / 1000))
