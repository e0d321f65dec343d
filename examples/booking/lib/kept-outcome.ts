// Outcomes that are shown by a page of their own, to who knows the id in its address.

import { randomUUID } from 'node:crypto'
import type { Outcome } from './outcome'
import { IdempotencyCache } from './redis'

/** As long as a repeated submission leads there. */
const KEPT_SECONDS = 86_400

const outcomeKey = (id: string) => `booking-outcome:${id}`

/** Keeps an outcome; its id. */
export async function keepOutcome(outcome: Outcome): Promise<string> {
  const id = randomUUID()
  await IdempotencyCache.set(outcomeKey(id), outcome, KEPT_SECONDS)
  return id
}

export function keptOutcome(id: string): Promise<Outcome | null> {
  return IdempotencyCache.get<Outcome>(outcomeKey(id))
}
