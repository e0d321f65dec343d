import { event } from '@/lib/booking'
import type { Click, Fate, Tab } from './use-clicks'

const words: Partial<Record<Fate, string>> = {
  stoppedInTab: 'stopped in the tab',
  stoppedByServer: 'stopped by the server',
  same: 'got the same payment',
  failed: 'failed',
}

/** A browser tab with the order: its button, and a mark for each click. */
export function BrowserTab(props: { tab: Tab; clicks: Click[]; onClick: (tab: Tab) => void }) {
  const { tab, clicks, onClick } = props
  const own = clicks.filter((click) => click.tab === tab)
  return (
    <section className="tab" aria-label={`Tab ${tab}`}>
      <p className="tab-bar">
        <span>Tab {tab}</span>
      </p>
      <div className="tab-page">
        <p>
          {event.title}
          <br />
          <strong>{event.price.label}</strong>
        </p>
        <button className="secondary" type="button" onClick={() => onClick(tab)}>
          Pay<span className="hidden"> in tab {tab}</span>
        </button>
        <p className="tab-state">{tell(own, clicks)}</p>
        <p className="marks" aria-hidden="true">
          {own.map(({ id, fate }) => (
            <span key={id} className={`mark ${fate}`} />
          ))}
        </p>
        <ul className="fates">
          {Object.entries(words).map(([fate, word]) => {
            const number = own.filter((click) => click.fate === fate).length
            return number > 0 && <li key={fate}>{`${number} ${word}`}</li>
          })}
        </ul>
      </div>
    </section>
  )
}

function tell(own: Click[], all: Click[]): string {
  if (own.some(({ fate }) => fate === 'paid')) return 'Paid, once.'
  if (all.some(({ fate }) => fate === 'paid')) return 'Paid in the other tab.'
  if (own.some(({ fate }) => fate === 'stoppedByServer')) return 'The other tab is paying.'
  return own.some(({ fate }) => fate === 'sent') ? 'Paying…' : 'Not paid yet.'
}
