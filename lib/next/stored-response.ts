import { bytesOf } from './body.js'
import { problemOf, problemResponse } from './problem.js'

/** A response as it is stored. */
export interface StoredResponse {
  status: number
  headers: [string, string][]
  /** In base64; `null` when there is none. */
  body: string | null
  isTooLarge?: true
}

const HEADERS = ['content-type', 'content-language', 'location', 'etag', 'cache-control', 'link']

/** What is stored of a response. Its body is read to the end, without taking it from the client. */
export async function toStored(
  response: Response,
  most: number,
  names: readonly string[] = HEADERS,
): Promise<StoredResponse> {
  const kept = names.filter((name) => name.toLowerCase() !== 'set-cookie')
  const headers = kept.flatMap((name): [string, string][] => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name.toLowerCase(), value]]
  })
  const { status } = response
  const bytes = response.body ? await bytesOf(response.clone().body, most) : null
  if (bytes === undefined) return { status, headers, body: null, isTooLarge: true }
  return { status, headers, body: bytes && Buffer.from(bytes).toString('base64') }
}

/** The response that Next.js makes of what a handler has thrown, by its digest: `NEXT_REDIRECT;push;/url;307;`, or 404. */
export function storedOf(digest: string): StoredResponse {
  const redirect = /^NEXT_REDIRECT;[^;]*;(.*);(\d+);/.exec(digest)
  if (!redirect) return { status: 404, headers: [], body: null }
  const [, location = '', status] = redirect
  return { status: Number(status), headers: [['location', location]], body: null }
}

/** The response to a repeated request. */
export function replayed(
  { status, headers, body, isTooLarge }: StoredResponse,
  docsUrl: string | undefined,
): Response {
  if (isTooLarge) {
    const found = problemOf({ code: 'ERR_IDEMPOTENCY_NO_RESULT' })
    if (found) return problemResponse(found.problem, { docsUrl })
  }
  const all = new Headers(headers)
  all.set('idempotent-replayed', 'true')
  return new Response(body === null ? null : Buffer.from(body, 'base64'), { status, headers: all })
}
