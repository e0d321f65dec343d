import { createHash } from 'node:crypto'

import { IdempotencyCache } from '../idempotency-cache.js'
import type { OutagePolicy } from '../options.js'
import { bytesOf } from './body.js'
import { digestOf } from './control-flow.js'
import { formFields } from './form-fields.js'
import { problemOf, problemResponse, problems } from './problem.js'
import { storedKey, warnWithoutScope } from './stored-key.js'
import { replayed, type StoredResponse, storedOf, toStored } from './stored-response.js'

/** The options of an idempotent route. */
export interface RouteOptions<R extends Request = Request> {
  /** Whose keys these are, such as the id of the user. Without it, two users could share a key. */
  scope?: ((request: R) => string | Promise<string>) | undefined
  /**
   * Whether a request without a key is refused; otherwise it is passed through.
   * @default true
   */
  required?: boolean | undefined
  /**
   * The header with the key.
   * @default 'Idempotency-Key'
   */
  header?: string | undefined
  /** The key of a request, in place of the header. */
  key?: ((request: R) => string | null | undefined | Promise<string | null | undefined>) | undefined
  /**
   * What tells a request from another one with the same key: its content type and body, nothing, or what is returned.
   * @default 'body'
   */
  fingerprint?: 'body' | false | ((request: R) => string | object | Promise<string | object>) | undefined
  /**
   * How long a response is kept, in seconds.
   * @default 86400
   */
  ttlSeconds?: number | undefined
  /**
   * How long a duplicate waits for the request before it, in milliseconds. Then it gets 409.
   * @default 0
   */
  waitMs?: number | undefined
  /** Which responses are kept. By default all but 401, 403, 408, 409, 425, 429 and 503. */
  store?: ((response: Response) => boolean) | undefined
  /** The headers that are kept, besides the status and the body. `Set-Cookie` never is. */
  headers?: readonly string[] | undefined
  /**
   * The most bytes of a request or response body.
   * @default 1048576
   */
  maxBodyBytes?: number | undefined
  /** A page about keys, to which the problems link. */
  docsUrl?: string | undefined
  onCrash?: 'rerun' | 'block' | undefined
  onOutage?: OutagePolicy | undefined
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
/** They say that a later request may succeed. */
const PASSING_STATUSES = new Set([401, 403, 408, 409, 425, 429, 503])
const MAX_BODY_BYTES = 1_048_576
const MAX_KEY_LENGTH = 255

/** Tells the run that the response is not to be stored. */
class NotStored extends Error {}

/**
 * Makes a route handler run once for each `Idempotency-Key`. Repeated requests get the response of the first, with
 * `Idempotent-Replayed: true`. An error that the handler throws frees the key, unless it is from `redirect()` or
 * `notFound()`: these are responses, too.
 * @see docs/idempotency.md
 * @example export const POST = idempotentRoute(async (request) => Response.json(await pay(await request.json())), { scope: userId })
 */
export function idempotentRoute<R extends Request, Args extends unknown[]>(
  handler: (request: R, ...args: Args) => Response | Promise<Response>,
  options: RouteOptions<R> = {},
): (request: R, ...args: Args) => Promise<Response> {
  const { required = true, docsUrl, maxBodyBytes = MAX_BODY_BYTES } = options
  const refuse = (problem: (typeof problems)[keyof typeof problems]) => problemResponse(problem, { docsUrl })
  return async (request, ...args) => {
    if (SAFE_METHODS.has(request.method)) return handler(request, ...args)
    const given = await keyOf(request, options)
    if (given === undefined) return required ? refuse(problems.missing) : handler(request, ...args)
    const key = unquoted(given)
    if (key === undefined) return refuse(problems.malformed)
    const body = await bodyOf(request, maxBodyBytes)
    if (body === undefined) return refuse(problems.tooLarge)
    if (!options.scope) warnWithoutScope('idempotentRoute')
    const scope = (await options.scope?.(request)) ?? ''
    const name = storedKey(scope, request.method, new URL(request.url).pathname, key)
    const own: Own = {}
    const work = () => respond(own, () => handler(request, ...args), options)
    try {
      const { ttlSeconds, waitMs = 0, onCrash, onOutage } = options
      const fingerprint = await fingerprintOf(request, body, options)
      const run = { ttlSeconds, waitMs, fingerprint, onCrash, onOutage }
      const stored = await IdempotencyCache.run<StoredResponse>(name, work, run)
      // Another run may have overtaken this one; then all callers get its response.
      if (stored !== own.stored) return replayed(stored, docsUrl)
    } catch (error) {
      if (error instanceof NotStored && own.response) return own.response
      // The handler's own error can have a code of redlatch, too, as of a cache that it calls.
      const found = own.thrown === error ? undefined : problemOf(error)
      if (!found) throw error
      return problemResponse(found.problem, { docsUrl, retryAfterMs: found.retryAfterMs })
    }
    if (own.response) return own.response
    throw own.thrown
  }
}

/** What the handler has come to for this request itself: it has returned or thrown. */
interface Own {
  response?: Response
  thrown?: unknown
  stored?: StoredResponse
}

/** Calls the handler; what is to be stored of it. */
async function respond<R extends Request>(
  own: Own,
  handle: () => Response | Promise<Response>,
  { store, headers, maxBodyBytes = MAX_BODY_BYTES }: RouteOptions<R>,
): Promise<StoredResponse> {
  try {
    own.response = await handle()
  } catch (error) {
    own.thrown = error
    const digest = digestOf(error)
    if (digest === undefined) throw error
    own.stored = storedOf(digest)
    return own.stored
  }
  const isStored = store ? store(own.response) : !PASSING_STATUSES.has(own.response.status)
  if (!isStored) throw new NotStored()
  own.stored = await toStored(own.response, maxBodyBytes, headers)
  return own.stored
}

async function keyOf<R extends Request>(request: R, options: RouteOptions<R>): Promise<string | undefined> {
  const { header = 'Idempotency-Key' } = options
  const key = options.key ? await options.key(request) : request.headers.get(header)
  return key ?? undefined
}

/** A key without the quotes of a structured header; nothing for what is no key. */
function unquoted(given: string): string | undefined {
  const text = given.trim()
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]
  const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, '$1')
  return /^[\x20-\x7e]+$/.test(key) && key.length <= MAX_KEY_LENGTH ? key : undefined
}

/** The bytes of the body, without taking them from the handler; nothing when there are too many. */
async function bodyOf(request: Request, most: number): Promise<Uint8Array | undefined> {
  return bytesOf(request.clone().body, most)
}

async function fingerprintOf<R extends Request>(
  request: R,
  body: Uint8Array,
  { fingerprint = 'body' }: RouteOptions<R>,
): Promise<string | object | undefined> {
  if (fingerprint === false) return undefined
  if (typeof fingerprint === 'function') return fingerprint(request)
  const type = request.headers.get('content-type') ?? ''
  // The boundary between the fields differs from one request to the next.
  const form = /^multipart\/form-data\b/i.test(type) ? await formOf(type, body) : undefined
  if (form) return { fields: formFields(form) }
  return createHash('sha256').update(`${type}\n`).update(body).digest('base64url')
}

/** A form in a body; nothing when it is not one, which is for the handler to say. */
async function formOf(type: string, body: Uint8Array): Promise<FormData | undefined> {
  try {
    return await new Response(body as BodyInit, { headers: { 'content-type': type } }).formData()
  } catch {
    return undefined
  }
}
