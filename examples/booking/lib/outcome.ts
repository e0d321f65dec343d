/** What became of a submission, as `POST /api/create-payment-intent` answers it. */
export type Outcome =
  /** A checkout session was made for this request. */
  | { kind: 'created'; url: string }
  /** This request had been answered before, or this guest holds the time; this is the same payment. */
  | { kind: 'replayed'; url: string }
  /** The same form was submitted by another request a moment ago, or is being worked on. */
  | { kind: 'blocked'; isProcessing: boolean }
  /** Someone has booked the time, or holds it while they pay. */
  | { kind: 'taken'; isPaid: boolean }
  /** There were too many requests. Nothing was done; the next one is admitted after this time at the earliest. */
  | { kind: 'limited'; retryAfterMs: number }
  /** No session was made. The form can be submitted again. */
  | { kind: 'failed'; message: string }

const statuses = { created: 201, replayed: 200, blocked: 409, taken: 409, limited: 429, failed: 502 }

export function respond(outcome: Outcome, status = statuses[outcome.kind]): Response {
  return Response.json(outcome, { status })
}

/** The outcome in a response, which can be one of `idempotentRoute`, too: a problem, or the first response once more. */
export async function outcomeOf(response: Response): Promise<Outcome> {
  const { status, headers } = response
  const answer = await response.json()
  if (headers.get('content-type') === 'application/problem+json') {
    return status === 409
      ? { kind: 'blocked', isProcessing: true }
      : { kind: 'failed', message: `${answer.title}.` }
  }
  return headers.has('idempotent-replayed') && answer.kind === 'created'
    ? { kind: 'replayed', url: answer.url }
    : answer
}
