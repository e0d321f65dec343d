import { clientAddress } from '../client-address.js'
import { rateLimitHeaders } from '../rate-limit-headers.js'
import { RateLimiter, type RateLimitResult } from '../rate-limiter.js'
import { problemResponse } from './problem.js'

/** The options of a route with limits. */
export interface RateLimitedOptions<R extends Request = Request> {
  /** The limiter, or several that are to admit a request together. */
  limiter: RateLimiter | readonly RateLimiter[]
  /** Who is limited. By default the address of the client, behind one proxy. */
  id?: ((request: R) => string | Promise<string>) | undefined
  /** The response to a request that is denied, in place of a problem with status 429. It gets the headers, too. */
  onDenied?: ((request: R, results: readonly RateLimitResult[]) => Response | Promise<Response>) | undefined
}

/** https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html#name-quota-exceeded */
const QUOTA_EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

/**
 * Puts limits before a route handler. A request that one of them denies gets 429 and consumes nothing. Every response has
 * the headers of `rateLimitHeaders`.
 * @see docs/rate-limits.md
 * @example export const POST = rateLimited(async (request) => Response.json(await book(request)), { limiter })
 */
export function rateLimited<R extends Request, Args extends unknown[]>(
  handler: (request: R, ...args: Args) => Response | Promise<Response>,
  options: RateLimitedOptions<R>,
): (request: R, ...args: Args) => Promise<Response> {
  const limiters = [options.limiter].flat() as RateLimiter[]
  return async (request, ...args) => {
    const id = options.id ? await options.id(request) : clientAddress(request)
    const { success, results } = await RateLimiter.limitAll(limiters.map((limiter) => ({ limiter, id })))
    const response = success
      ? await handler(request, ...args)
      : ((await options.onDenied?.(request, results)) ?? denied(results))
    return withHeaders(response, rateLimitHeaders(results))
  }
}

function denied(results: readonly RateLimitResult[]): Response {
  const violated = results.filter(({ success }) => !success).map(({ name }) => name)
  return problemResponse(
    {
      status: 429,
      title: 'Too many requests',
      detail: 'Send the request again when Retry-After has passed.',
    },
    { type: QUOTA_EXCEEDED, more: { 'violated-policies': violated } },
  )
}

/** The headers of a response that came from `fetch` cannot be changed. */
function withHeaders(response: Response, headers: Record<string, string>): Response {
  try {
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    return response
  } catch {
    const all = new Headers(response.headers)
    for (const [name, value] of Object.entries(headers)) all.set(name, value)
    const { status, statusText } = response
    return new Response(response.body, { status, statusText, headers: all })
  }
}
