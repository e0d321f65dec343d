'use client'

import type { Pulse } from '@/lib/pulse'
import { LiveChart } from './live-chart'
import { usePulse } from './use-pulse'

const milliseconds = (value: number) => `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)} ms`

/** Redis's plug, and what the app's calls notice of it. */
export function RedisPanel(props: { hasRedis: boolean; hasPlug: boolean; wasPluggedIn: boolean }) {
  const { samples, visits, failed, isIn, plug } = usePulse(props.wasPluggedIn)
  const latest = samples.at(-1)
  return (
    <section className="card" aria-labelledby="redis-title">
      <h2 id="redis-title">Redis, and its plug</h2>
      <div className="plug">
        <button
          type="button"
          role="switch"
          aria-checked={isIn && props.hasRedis}
          aria-disabled={!props.hasPlug}
          aria-describedby="plug-said"
          onClick={() => props.hasPlug && plug(!isIn)}
        >
          Redis is plugged in
        </button>
        <p className="said" id="plug-said" role="status">
          {tell(props, isIn, latest)}
        </p>
      </div>
      <LiveChart
        title="Time for a write and a read"
        samples={samples}
        pick={({ latencyMs }) => latencyMs}
        format={milliseconds}
        atLeast={30}
      />
      <LiveChart
        title="Writes waiting for Redis"
        samples={samples}
        pick={({ pendingWrites }) => pendingWrites}
        format={String}
        atLeast={100}
        isFilled
      />
      <dl className="figures">
        <Figure name="Answering" value={latest?.isRedisAnswering ? 'Redis' : 'Memory'} />
        <Figure name="Waiting" value={String(latest?.pendingWrites ?? 0)} />
        <Figure name="Replayed" value={String(latest?.replayed ?? 0)} />
        <Figure name="Visits" value={String(visits)} />
        <Figure name="Failed" value={String(failed)} />
      </dl>
    </section>
  )
}

/** Read out when it changes, so without numbers that change all the time. */
function tell({ hasRedis, hasPlug }: { hasRedis: boolean; hasPlug: boolean }, isIn: boolean, latest?: Pulse) {
  if (!hasRedis)
    return 'There is no Redis here: memory answers. With redis-server on the PATH there is a plug to pull.'
  if (!hasPlug) return 'This is a Redis of your own: its plug is not in reach of this page.'
  if (!isIn) return 'Unplugged. Memory answers at once, and writes wait.'
  if (latest?.isOutage) return 'Plugged in again. The next probe finds it.'
  if (latest && latest.pendingWrites > 0) return 'Redis is back. The writes are being replayed.'
  return latest && latest.replayed > 0
    ? 'Redis answers. All writes of the outage have been replayed.'
    : 'Redis answers. Pull the plug, and watch what fails: nothing.'
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-figure={name}>{value}</dd>
    </div>
  )
}
