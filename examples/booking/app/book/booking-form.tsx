'use client'

import type { FormEvent } from 'react'
import { event, type Slot } from '@/lib/booking'
import { submitBooking } from './actions'
import { OutcomePanel } from './outcome-panel'
import { useSubmission } from './use-submission'

interface Props {
  slots: Slot[]
  isCancelled: boolean
  /** The key of a submission that no script sends. */
  idempotencyKey: string
}

/**
 * The meeting form. A script sends it to the route, and the panel below the button says what happens; without one it is the
 * form of a server action.
 */
export function BookingForm({ slots, isCancelled, idempotencyKey }: Props) {
  const { state, submit, waited } = useSubmission()

  function onSubmit(submitted: FormEvent<HTMLFormElement>) {
    submitted.preventDefault()
    if (state.kind === 'limited') return
    const fields = new FormData(submitted.currentTarget)
    submit({
      eventId: event.id,
      guestName: String(fields.get('guestName')),
      guestEmail: String(fields.get('guestEmail')),
      startTime: String(fields.get('startTime')),
    })
  }

  return (
    <form className="card" action={submitBooking} onSubmit={onSubmit} aria-labelledby="form-title">
      <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
      <h2 id="form-title">Choose a time</h2>
      <SlotChoice slots={slots} />
      <label className="field">
        <span>Name</span>
        <input name="guestName" autoComplete="name" required maxLength={100} />
      </label>
      <label className="field">
        <span>E-mail</span>
        <input name="guestEmail" type="email" autoComplete="email" required maxLength={254} />
      </label>
      <button
        className="primary"
        type="submit"
        aria-disabled={state.kind === 'working' || state.kind === 'limited'}
      >
        {state.kind === 'working' ? 'Booking…' : `Book for ${event.price.label}`}
      </button>
      <OutcomePanel state={state} isCancelled={isCancelled} onWaited={waited} />
    </form>
  )
}

function SlotChoice({ slots }: { slots: Slot[] }) {
  const days = [...new Set(slots.map(({ day }) => day))]
  return days.map((day) => (
    <fieldset className="day" key={day}>
      <legend>
        {day}, <abbr title="Coordinated Universal Time">UTC</abbr>
      </legend>
      {slots
        .filter((slot) => slot.day === day)
        .map((slot) => (
          <label className="slot" key={slot.startTime}>
            <input
              type="radio"
              name="startTime"
              value={slot.startTime}
              required
              defaultChecked={slot === slots[0]}
            />
            <span>{slot.time}</span>
          </label>
        ))}
    </fieldset>
  ))
}
