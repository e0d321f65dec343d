// What Next.js is doing at the moment. While it prerenders, what settles within the microtasks of a task counts as
// static data, and everything later as data of a request. Memory must not be taken for the former: a page that reads a
// cache would be frozen at its build, and only there where Redis is not configured.

/** The part of Next's work unit store that counts here. */
interface WorkUnit {
  type: string
  /** Set while a render goes on in stages, of which the first ones may be kept. */
  stagedRendering?: object | null
}

/** Where Next has the present work unit. */
export interface WorkUnits {
  getStore(): WorkUnit | undefined
}

/** Next adds its version to the name, as in `@next/work-unit-async-storage@16.4.3`. */
const NAME = '@next/work-unit-async-storage@'

/** Next's storage, if this process runs Next.js with a version that shares it. */
export function findWorkUnits(): WorkUnits | undefined {
  const symbol = Object.getOwnPropertySymbols(globalThis).find(({ description }) =>
    description?.startsWith(NAME),
  )
  return symbol && (Reflect.get(globalThis, symbol) as WorkUnits)
}

/** Whether Next may keep what a call resolves to. `use cache` is not among these: it says that it wants to keep it. */
export function isPrerendering(units: WorkUnits): boolean {
  const unit = units.getStore()
  if (unit === undefined) return false
  return unit.type === 'request' ? Boolean(unit.stagedRendering) : PRERENDERS.has(unit.type)
}

/** With the older model, of `prerender-legacy`, Next keeps what Redis says, too, so that both agree already. */
const PRERENDERS = new Set(['prerender', 'prerender-client', 'prerender-runtime', 'validation-client'])

/** Resolves as late as a response from the network at the earliest. Next runs `setImmediate` within its own tasks. */
export function inLaterTurn<T>(value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, 0, value))
}
