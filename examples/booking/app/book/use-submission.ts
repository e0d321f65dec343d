'use client'

import { useCallback, useEffect, useState } from 'react'
import type { Booking } from '@/lib/booking'
import { type Outcome, outcomeOf } from '@/lib/outcome'
// In the browser this is a small module on the tab's own memory.
import { FormCache } from '@/lib/redis'
import { forgetPending, type Pending, pending, remember } from './pending'
import { type SubmissionState, stateOf } from './submission-state'

const CLAIM_SECONDS = 60

/** Sends bookings, each with an idempotency key, and after a reload goes on with the one that was pending. */
export function useSubmission() {
  const [state, setState] = useState<SubmissionState>({ kind: 'idle' })

  const submit = useCallback(async (booking: Booking) => {
    if (!(await claim(booking))) return setState(await blockedInTab(booking))
    setState({ kind: 'working', isResumed: false })
    // What was sent without an answer is sent again with its own key; anything else is a new request.
    setState(await settle(booking, () => send(pending(booking) ?? remember(booking))))
  }, [])

  useEffect(() => {
    const unanswered = pending()
    if (!unanswered) return
    resume(unanswered, setState)
  }, [])

  const waited = useCallback(() => setState({ kind: 'waited' }), [])

  return { state, submit, waited }
}

/** A click too many does not take the way to the payment from the page. */
async function blockedInTab(booking: Booking) {
  const by = (await FormCache.isProcessing(tabKey(booking))) ? 'tab' : 'done'
  return (before: SubmissionState): SubmissionState => ({
    kind: 'blocked',
    by,
    ...('url' in before && { url: before.url }),
  })
}

async function resume(unanswered: Pending, setState: (state: SubmissionState) => void) {
  // React runs effects twice during development: the tab's claim lets only one go on.
  if (!(await claim(unanswered.booking))) return
  setState({ kind: 'working', isResumed: true })
  setState(await settle(unanswered.booking, () => send(unanswered)))
}

const tabKey = ({ eventId, guestEmail, startTime }: Booking) =>
  FormCache.generateKey(eventId, guestEmail, startTime)

/** Claims the form for this click. It stops a double click before a request is made; the server stops all the others. */
function claim({ eventId, guestEmail, startTime, ...rest }: Booking): Promise<boolean> {
  const submission = { eventId, guestEmail, startTime, timestamp: Date.now() }
  return FormCache.tryAcquireProcessing(
    tabKey({ eventId, guestEmail, startTime, ...rest }),
    submission,
    CLAIM_SECONDS,
  )
}

/** Turns an answer into what is shown, and releases the tab's claim as fits it. */
async function settle(booking: Booking, request: () => Promise<Outcome>): Promise<SubmissionState> {
  let outcome: Outcome
  try {
    outcome = await request()
  } catch {
    await FormCache.delete(tabKey(booking))
    return { kind: 'unreachable' }
  }
  // A limit does not say what became of an earlier attempt: the next one is made with the same key.
  if (outcome.kind !== 'limited') forgetPending()
  if ('url' in outcome) await FormCache.markCompleted(tabKey(booking))
  else await FormCache.delete(tabKey(booking))
  return stateOf(outcome)
}

/** Rejects when no answer arrives, which says nothing about whether the request did. */
async function send({ booking, idempotencyKey }: Pending): Promise<Outcome> {
  const response = await fetch('/api/create-payment-intent', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(booking),
  })
  return outcomeOf(response)
}
