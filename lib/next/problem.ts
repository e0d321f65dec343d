import type { RedlatchErrorCode } from '../errors.js'
import { IdempotencyError, type IdempotencyErrorCode } from '../idempotency-error.js'

/** A response as RFC 9457 has it, for a request that the key does not let through. */
export interface Problem {
  status: number
  title: string
  detail: string
}

export const problems = {
  missing: {
    status: 400,
    title: 'Idempotency-Key is missing',
    detail: 'Send the header with a key of your own, one for each operation.',
  },
  malformed: {
    status: 400,
    title: 'Idempotency-Key is malformed',
    detail: 'Send 1 to 255 printable ASCII characters, quoted or not.',
  },
  tooLarge: {
    status: 413,
    title: 'The body is too large',
    detail: 'Requests with an Idempotency-Key have bodies of a limited size.',
  },
} satisfies Record<string, Problem>

const byCode: Partial<Record<IdempotencyErrorCode | RedlatchErrorCode, Problem>> = {
  ERR_IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    title: 'A request with this Idempotency-Key is being processed',
    detail: 'Send the same request again later.',
  },
  ERR_IDEMPOTENCY_MISMATCH: {
    status: 422,
    title: 'This Idempotency-Key is already used',
    detail: 'It belongs to another request. Use a new key for a new request.',
  },
  ERR_IDEMPOTENCY_NO_RESULT: {
    status: 409,
    title: 'The request with this Idempotency-Key is done',
    detail: 'Its response was not stored. Look up what it did.',
  },
  ERR_REDIS_UNAVAILABLE: {
    status: 503,
    title: 'The request cannot be made exactly once at the moment',
    detail: 'Send the same request again later.',
  },
}

/** The problem that an error of a run stands for; nothing for an error of the handler. */
export function problemOf(
  error: unknown,
): { problem: Problem; retryAfterMs?: number | undefined } | undefined {
  const { code } = error as { code?: IdempotencyErrorCode | RedlatchErrorCode }
  const problem = code && byCode[code]
  if (!problem) return undefined
  return { problem, retryAfterMs: error instanceof IdempotencyError ? error.retryAfterMs : undefined }
}

interface ProblemOptions {
  /** A page about the problem, for people. */
  docsUrl?: string | undefined
  retryAfterMs?: number | undefined
  /** Which kind of problem it is, for programs. */
  type?: string | undefined
  /** What is told besides. */
  more?: Record<string, unknown> | undefined
}

export function problemResponse(
  problem: Problem,
  { docsUrl, retryAfterMs, type = docsUrl, more }: ProblemOptions = {},
): Response {
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (docsUrl) headers.set('link', `<${docsUrl}>; rel="describedby"; type="text/html"`)
  if (retryAfterMs) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  return new Response(JSON.stringify({ type: type ?? 'about:blank', ...problem, ...more }), {
    status: problem.status,
    headers,
  })
}
