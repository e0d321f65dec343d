'use client'

import { useCallback, useRef, useState } from 'react'
import { type Outcome, outcomeOf } from '@/lib/outcome'
// In the browser this is a small module on the tab's own memory.
import { FormCache } from '@/lib/redis'

export const tabs = ['A', 'B'] as const
export type Tab = (typeof tabs)[number]

/** What became of a click. Only one that was stopped in its tab made no request. */
export type Fate = 'sent' | 'paid' | 'same' | 'stoppedInTab' | 'stoppedByServer' | 'failed'

export interface Click {
  id: number
  tab: Tab
  fate: Fate
  /** The payment that the server has named. */
  payment?: string
}

export const CLICKS = 20
const PAUSE_MS = 90
const CLAIM_SECONDS = 60

const fates: Record<Outcome['kind'], Fate> = {
  created: 'paid',
  replayed: 'same',
  blocked: 'stoppedByServer',
  taken: 'stoppedByServer',
  limited: 'stoppedByServer',
  failed: 'failed',
}

/** The clicks on one order, which is new with every run of twenty. */
export function useClicks() {
  const [clicks, setClicks] = useState<Click[]>([])
  const [isRunning, setIsRunning] = useState(false)
  const order = useRef('')
  const ids = useRef(0)

  const click = useCallback(async (tab: Tab) => {
    order.current ||= newOrder()
    ids.current += 1
    const id = ids.current
    setClicks((before) => [...before, { id, tab, fate: 'sent' }])
    const end = await pay(tab, order.current)
    setClicks((before) => before.map((one) => (one.id === id ? { ...one, ...end } : one)))
  }, [])

  const clickTwenty = useCallback(async () => {
    if (isRunning) return
    setIsRunning(true)
    setClicks([])
    order.current = newOrder()
    const ends: Promise<void>[] = []
    for (let count = 0; count < CLICKS; count += 1) {
      ends.push(click(tabs[count % 2] ?? 'A'))
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
    await Promise.all(ends)
    setIsRunning(false)
  }, [click, isRunning])

  return { clicks, isRunning, click, clickTwenty }
}

/** Sends a click to the server, unless its tab is sending one already or has just paid. */
async function pay(tab: Tab, order: string): Promise<Pick<Click, 'fate' | 'payment'>> {
  const form = { eventId: 'demonstration', guestEmail: `${tab}-${order}`, startTime: 'now' }
  const key = FormCache.generateKey(form.eventId, form.guestEmail, form.startTime)
  const claim = { ...form, timestamp: Date.now() }
  if (!(await FormCache.tryAcquireProcessing(key, claim, CLAIM_SECONDS))) return { fate: 'stoppedInTab' }
  const outcome = await send(order)
  await (outcome.kind === 'created' ? FormCache.markCompleted(key) : FormCache.delete(key))
  return { fate: fates[outcome.kind], ...('url' in outcome && { payment: outcome.url }) }
}

async function send(order: string): Promise<Outcome> {
  try {
    const headers = { 'idempotency-key': order }
    return await outcomeOf(await fetch('/api/demo/pay', { method: 'POST', headers }))
  } catch {
    return { kind: 'failed', message: 'No answer.' }
  }
}

function newOrder(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
