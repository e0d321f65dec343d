'use client'

import { useEffect, useState } from 'react'
import type { Health } from '@/lib/health'

const REFRESH_MS = 1000

/** What `/api/health` says, asked for again every second. */
export function StatusBoard({ first }: { first: Health }) {
  const [current, setCurrent] = useState(first)

  useEffect(() => {
    const refresh = () =>
      fetch('/api/health', { cache: 'no-store' })
        .then((response) => response.json())
        .then(setCurrent, () => undefined)
    const timer = setInterval(refresh, REFRESH_MS)
    return () => clearInterval(timer)
  }, [])

  const { health, stats, metrics, checkedAt } = current
  const { tone, title, text } = summary(current)
  return (
    <>
      <div className={`panel ${tone}`} role="status" data-status={health.status}>
        <p>
          <strong>{title}.</strong> {text}
        </p>
      </div>
      <dl className="figures">
        <Figure name="Answered by" value={stats.cacheType} />
        <Figure name="Configured" value={health.mode === 'redis' ? 'Redis' : 'Memory only'} />
        <Figure name="Response time" value={`${health.responseTime.toFixed(1)} ms`} />
        <Figure name="Entries only in memory" value={String(stats.inMemoryCacheSize)} />
        <Figure name="Waiting for Redis" value={String(metrics.pendingWrites)} />
        <Figure name="Brought to Redis after outages" value={String(metrics.replayed)} />
        <Figure name="Checked" value={`${checkedAt.slice(11, 19)} UTC`} />
      </dl>
      {health.error && (
        <p className="detail">
          <span>Error</span> <code>{health.error}</code>
        </p>
      )}
    </>
  )
}

function summary({ health }: Health) {
  if (health.status === 'unhealthy') {
    return {
      tone: 'bad',
      title: 'Redis cannot be reached',
      text: 'Bookings go on: this server remembers them in its own memory until Redis answers again.',
    }
  }
  return health.mode === 'redis'
    ? { tone: 'good', title: 'Redis answers', text: 'Every instance of this app sees the same bookings.' }
    : {
        tone: 'good',
        title: 'Running on memory',
        text: 'Redis is not configured. One instance is enough for that.',
      }
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
