// What `redirect()`, `notFound()` and their like throw. Next.js knows these errors by their `digest`.

/**
 * What ends a call for good. `unauthorized()` and `forbidden()` do not: like responses with 401 and 403, they say that a
 * later call may succeed. `NEXT_NOT_FOUND` is the digest of Next.js 14.
 */
const OUTCOMES = /^(NEXT_REDIRECT;|NEXT_HTTP_ERROR_FALLBACK;404$|NEXT_NOT_FOUND$)/

/** The digest of an error that is an outcome; nothing for any other. */
export function digestOf(error: unknown): string | undefined {
  const digest = (error as { digest?: unknown } | null | undefined)?.digest
  return typeof digest === 'string' && OUTCOMES.test(digest) ? digest : undefined
}
