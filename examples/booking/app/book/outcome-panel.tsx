'use client'

import { useEffect, useRef } from 'react'
import { Countdown } from './countdown'
import type { SubmissionState } from './submission-state'

interface Telling {
  tone: 'good' | 'wait' | 'bad'
  title: string
  text: string
  url?: string | undefined
  waitMs?: number
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
      return { tone: 'good', title: 'Time held', text: 'It is yours once you have paid.', url: state.url }
    case 'replayed':
      return {
        tone: 'good',
        title: 'Still yours',
        text: 'You hold this time already. Here is the same payment again; there is no second one.',
        url: state.url,
      }
    case 'blocked':
      return { tone: 'good', title: 'One click was enough', text: reassurance[state.by], url: state.url }
    case 'taken':
      return {
        tone: 'wait',
        title: 'Please choose another time',
        text: state.isPaid
          ? 'This one has been booked. Nothing was charged.'
          : 'Somebody is paying for this one. Nothing was charged.',
      }
    case 'limited':
      return {
        tone: 'wait',
        title: 'Too many attempts',
        text: 'Nothing was charged.',
        waitMs: state.retryAfterMs,
      }
    case 'waited':
      return { tone: 'good', title: 'Thank you for waiting', text: 'You can try again now.' }
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

const reassurance = {
  tab: 'Your booking is on its way. It is made once, and paid once.',
  processing: 'Your booking is being made, perhaps in another tab. It is made once, and paid once.',
  done: 'Your booking was made a moment ago. It is paid once.',
}

export function OutcomePanel({
  state,
  isCancelled = false,
  onWaited,
}: {
  state: SubmissionState
  isCancelled?: boolean
  /** Called when the guest has waited as long as a limit asks. */
  onWaited?: () => void
}) {
  const telling = tell(state, isCancelled)
  const panel = useRef<HTMLDivElement>(null)

  // On a phone the panel is below the fold.
  useEffect(() => {
    if (state.kind !== 'idle') panel.current?.scrollIntoView({ block: 'nearest' })
  }, [state])

  return (
    <div ref={panel} className="outcome" role="status" aria-live="polite" data-kind={state.kind}>
      {telling && (
        <div className={`panel ${telling.tone}`}>
          <p>
            <strong>{telling.title}.</strong> {telling.text}{' '}
            {telling.waitMs !== undefined && <Countdown milliseconds={telling.waitMs} onEnd={onWaited} />}
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
