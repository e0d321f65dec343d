import type { SubmissionState } from './use-submission'

interface Telling {
  tone: 'good' | 'wait' | 'bad'
  title: string
  text: string
  url?: string | undefined
}

/** What is shown and read out for each state; nothing for a form that has not been submitted. */
function tell(state: SubmissionState, isCancelled: boolean): Telling | null {
  switch (state.kind) {
    case 'idle':
      return isCancelled
        ? { tone: 'wait', title: 'Payment cancelled', text: 'Nothing was charged. You can book again.' }
        : null
    case 'working':
      return state.isResumed
        ? {
            tone: 'wait',
            title: 'Picking up',
            text: 'Your booking was being processed. Asking what became of it.',
          }
        : { tone: 'wait', title: 'Booking', text: 'Your time is being held while the payment is prepared.' }
    case 'created':
      return { tone: 'good', title: 'Created', text: 'Your time is held. Please pay.', url: state.url }
    case 'replayed':
      return {
        tone: 'good',
        title: 'Replayed',
        text: 'This booking had been made already. Here is the same payment again, not a second one.',
        url: state.url,
      }
    case 'blocked':
      return { tone: 'wait', title: 'Blocked', text: blockedBy[state.by], url: state.url }
    case 'failed':
      return {
        tone: 'bad',
        title: 'Not booked',
        text: `${state.message} Nothing was charged; please try again.`,
      }
    case 'unreachable':
      return {
        tone: 'bad',
        title: 'No connection',
        text: 'It is not known whether the booking arrived. Try again: it will not be made twice.',
      }
  }
}

const blockedBy = {
  tab: 'A duplicate: this form is on its way already. It is sent once.',
  processing: 'A duplicate: the same booking is being worked on, perhaps in another tab.',
  done: 'A duplicate: the same booking was made a moment ago. To book it again all the same, wait five seconds.',
}

export function OutcomePanel({ state, isCancelled }: { state: SubmissionState; isCancelled: boolean }) {
  const telling = tell(state, isCancelled)
  return (
    <div className="outcome" role="status" aria-live="polite" data-kind={state.kind}>
      {telling && (
        <div className={`panel ${telling.tone}`}>
          <p>
            <strong>{telling.title}.</strong> {telling.text}
          </p>
          {telling.url && (
            <a className="primary" href={telling.url}>
              Continue to payment
            </a>
          )}
        </div>
      )}
    </div>
  )
}
