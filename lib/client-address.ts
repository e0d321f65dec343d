import { addon } from './addon.js'
import { callNow } from './calls.js'

/** A request of `fetch` or of Node. */
export interface AddressedRequest {
  headers: Headers | Readonly<Record<string, string | string[] | undefined>>
  socket?: { remoteAddress?: string | undefined } | undefined
}

export interface ClientAddressOptions {
  /**
   * How many proxies before this server append to `X-Forwarded-For` and are to be trusted; 0 if there are none: then the
   * address of the connection counts, which a request of `fetch` does not have.
   * @default 1
   */
  trustedHops?: number | undefined
  /**
   * How many bits of an IPv6 address count, because one client has all addresses of its network.
   * @default 64
   */
  ipv6Prefix?: number | undefined
}

/** What all requests share of which no address is known. */
const UNKNOWN = 'unknown'

/**
 * The address of the client, as the id of a rate limit: `203.0.113.9`, or a network such as `2001:db8:1:2::/64`. The
 * hops of `X-Forwarded-For` are counted from the right, because a client can write what it likes to the left of them.
 * Without the header it is the address of the connection; `unknown` if there is none either, or it is no address: all
 * such requests share one limit.
 * @see docs/rate-limits.md
 * @example const { success } = await limiter.limit(clientAddress(request))
 */
export function clientAddress(request: AddressedRequest, options: ClientAddressOptions = {}): string {
  const { trustedHops = 1, ipv6Prefix = 64 } = options
  const forwardedFor = trustedHops === 0 ? undefined : headerOf(request, 'x-forwarded-for')
  const list = forwardedFor || request.socket?.remoteAddress || ''
  return callNow(() => addon.RateLimiter.clientAddress(list, trustedHops, ipv6Prefix)) ?? UNKNOWN
}

function headerOf({ headers }: AddressedRequest, name: string): string | undefined {
  const value = headers instanceof Headers ? headers.get(name) : (headers as Record<string, unknown>)[name]
  return value === null || value === undefined ? undefined : String(value)
}
