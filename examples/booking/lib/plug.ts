// The plug between this app and the Redis of `npm run demo`: the faults of a gateway, which are set by its control server.
// Only that script names one, by DEMO_CONTROL_URL; there is no plug to pull on any other Redis.

/** How long a Redis in the same region takes. The one on this machine would answer too fast to be seen. */
const LATENCY_MS = 10

/** On globalThis, because Next evaluates this module once for each route. */
const shared: { redlatchDemoPlug?: { isIn: boolean } } = globalThis as object

const controlUrl = () => process.env.DEMO_CONTROL_URL

export const hasPlug = () => controlUrl() !== undefined

/** Whether Redis can be reached; `true` as well where there is no plug. The first call sets the latency. */
export async function isPluggedIn(): Promise<boolean> {
  if (hasPlug() && !shared.redlatchDemoPlug) await setPlug(true)
  return shared.redlatchDemoPlug?.isIn ?? true
}

/** Pulls the plug or puts it back. */
export async function setPlug(isIn: boolean): Promise<void> {
  shared.redlatchDemoPlug = { isIn }
  await control('DELETE')
  await control('POST', isIn ? { fault: 'latency', ms: LATENCY_MS } : { fault: 'refuse' })
}

async function control(method: string, fault?: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = fault ? JSON.stringify(fault) : null
  const response = await fetch(`${controlUrl()}/faults`, { method, headers, body })
  if (!response.ok) throw new Error(`the gateway answers ${response.status}`)
}
