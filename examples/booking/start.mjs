// Starts the app, and a stand-in for Stripe unless STRIPE_SECRET_KEY is set.
//   node start.mjs dev|start [options of next]

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

import { startStripeStandIn } from './stripe-stand-in.mjs'

/** As slow as a payment provider on a bad day, so that there is time to click again. */
const PAYMENT_MS = 3000

const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
if (!env.STRIPE_SECRET_KEY && !env.STRIPE_STAND_IN_URL) {
  const standIn = await startStripeStandIn({ delayMs: PAYMENT_MS })
  env.STRIPE_STAND_IN_URL = standIn.url
  console.log(`Stripe: a stand-in at ${standIn.url} (set STRIPE_SECRET_KEY for the real one)`)
}

const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
const [command = 'dev', ...options] = process.argv.slice(2)
// What comes later counts: the app can be told to listen elsewhere.
const child = spawn(process.execPath, [next, command, '-H', '127.0.0.1', ...options], {
  stdio: 'inherit',
  env,
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 0))
