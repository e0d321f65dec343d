import type { Outcome } from '@/lib/outcome'

/** What the panel shows: how a submission stands, or what became of it. */
export type SubmissionState =
  | { kind: 'idle' }
  | { kind: 'working'; isResumed: boolean }
  | { kind: 'created' | 'replayed'; url: string }
  | { kind: 'blocked'; by: 'tab' | 'processing' | 'done'; url?: string }
  | { kind: 'taken'; isPaid: boolean }
  | { kind: 'limited'; retryAfterMs: number }
  /** The time for which a limit made the guest wait is over. */
  | { kind: 'waited' }
  | { kind: 'failed'; message: string }
  | { kind: 'unreachable' }

export function stateOf(outcome: Outcome): SubmissionState {
  if (outcome.kind !== 'blocked') return outcome
  return { kind: 'blocked', by: outcome.isProcessing ? 'processing' : 'done' }
}
