'use client'

import { BrowserTab } from './browser-tab'
import { CLICKS, type Click, tabs, useClicks } from './use-clicks'

/** One order in two tabs, and what twenty clicks on it come to. */
export function Checkout() {
  const { clicks, isRunning, click, clickTwenty } = useClicks()
  const counts = count(clicks)
  const isClicking = clicks.length < CLICKS
  const isPending = clicks.some(({ fate }) => fate === 'sent')
  return (
    <section className="card" aria-labelledby="checkout-title">
      <h2 id="checkout-title">One order, two tabs</h2>
      <div className="tabs">
        {tabs.map((tab) => (
          <BrowserTab key={tab} tab={tab} clicks={clicks} onClick={click} />
        ))}
      </div>
      <button className="primary" type="button" aria-disabled={isRunning} onClick={clickTwenty}>
        {isRunning ? (isClicking ? 'Clicking…' : 'Paying…') : 'Click 20 times'}
      </button>
      <dl className="counters">
        <Counter name="Clicks" value={counts.clicks} />
        <Counter name="Requests" value={counts.requests} />
        <Counter name="Payments" value={counts.payments} isResult />
      </dl>
      <p className="said" role="status">
        {clicks.length > 0 && !isRunning && !isPending && summary(counts)}
      </p>
      <p className="how">
        A second click in a tab meets <code>FormCache</code> on the tab’s own memory, and makes no request.
        One in the other tab meets <code>idempotentRoute</code> on the server: one atomic claim, in Redis or,
        without it, in memory.
      </p>
    </section>
  )
}

interface Counts {
  clicks: number
  requests: number
  payments: number
}

/** Payments are told apart by their address, which the stand-in for Stripe makes: two of them would be counted as two. */
function count(clicks: Click[]): Counts {
  return {
    clicks: clicks.length,
    requests: clicks.filter(({ fate }) => fate !== 'stoppedInTab').length,
    payments: new Set(clicks.flatMap(({ payment }) => payment ?? [])).size,
  }
}

function summary({ clicks, requests, payments }: Counts): string {
  const several = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  return `${several(clicks, 'click')}, ${several(requests, 'request')}, ${several(payments, 'payment')}.`
}

function Counter({ name, value, isResult = false }: { name: string; value: number; isResult?: boolean }) {
  return (
    <div className={isResult ? 'result' : undefined}>
      <dt>{name}</dt>
      <dd data-counter={name}>{value}</dd>
    </div>
  )
}
