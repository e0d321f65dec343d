import { bytesOf } from './body.js'
import { errorOf } from './control-flow.js'
import { problemOf, problemResponse } from './problem.js'

/** A response as it is stored, or what the handler has thrown in the place of one. */
export type StoredResponse =
  | {
      status: number
      headers: [string, string][]
      /** In base64; `null` when there is none. */
      body: string | null
      isTooLarge?: true
    }
  | { digest: string }

const HEADERS = ['content-type', 'content-language', 'location', 'etag', 'cache-control', 'link']

/** What is stored of a response. Its body is read to the end, without taking it from the client. */
export async function toStored(
  response: Response,
  names: readonly string[] = HEADERS,
  most: number,
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

/** The response to a repeated request. Throws what the handler has thrown. */
export function replayed(stored: StoredResponse, docsUrl: string | undefined): Response {
  if ('digest' in stored) throw errorOf(stored.digest)
  const { status, headers, body, isTooLarge } = stored
  if (isTooLarge) {
    const found = problemOf({ code: 'ERR_IDEMPOTENCY_NO_RESULT' })
    if (found) return problemResponse(found.problem, { docsUrl })
  }
  const all = new Headers(headers)
  all.set('idempotent-replayed', 'true')
  return new Response(body === null ? null : Buffer.from(body, 'base64'), { status, headers: all })
}
