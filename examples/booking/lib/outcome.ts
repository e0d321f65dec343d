/** What became of a submission, as `POST /api/create-payment-intent` answers it. */
export type Outcome =
  /** A checkout session was made for this request. */
  | { kind: 'created'; url: string }
  /** This request had been answered before; this is the same answer. */
  | { kind: 'replayed'; url: string }
  /** The same form was submitted by another request a moment ago, or is being worked on. */
  | { kind: 'blocked'; isProcessing: boolean }
  /** No session was made. The form can be submitted again. */
  | { kind: 'failed'; message: string }
