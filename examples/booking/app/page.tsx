import type { Metadata } from 'next'
import { hasPlug, isPluggedIn } from '@/lib/plug'
import { redisManager } from '@/lib/redis'
import { Checkout } from './demonstration/checkout'
import { RedisPanel } from './demonstration/redis-panel'
import './demonstration/demonstration.css'

export const metadata: Metadata = { title: { absolute: 'redlatch, demonstrated' } }
export const dynamic = 'force-dynamic'

export default async function Page() {
  const hasRedis = redisManager.getMetrics().state !== 'not-configured'
  return (
    <>
      <div className="demo-intro">
        <h1>Click twenty times. Pay once.</h1>
        <p>
          The same order is open in two tabs, and a payment takes three seconds. Click as often as you like,
          then pull Redis’s plug and do it again.
        </p>
      </div>
      <div className="demo">
        <Checkout />
        <RedisPanel hasRedis={hasRedis} hasPlug={hasPlug()} wasPluggedIn={await isPluggedIn()} />
      </div>
    </>
  )
}
