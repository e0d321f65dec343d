// The listeners of onStateChange.

import { makeError } from './errors.js'
import { print } from './log.js'
import type { StateChange, StateListenerOptions } from './metrics.js'

type Listener = (change: StateChange) => void

interface Subscription {
  listener: Listener
  name: string | undefined
}

/** One entry for each time that a listener was given. */
const subscriptions = new Set<Subscription>()

/** Adds a listener, instead of an earlier one of the same name; returns what removes it and says whether it was the last. */
export function addListener(listener: Listener, name: string | undefined): () => boolean {
  for (const earlier of subscriptions) {
    if (name !== undefined && earlier.name === name) subscriptions.delete(earlier)
  }
  const subscription = { listener, name }
  subscriptions.add(subscription)
  return () => subscriptions.delete(subscription) && subscriptions.size === 0
}

/** The name in `options`, which may come from JavaScript. */
export function listenerName(options: StateListenerOptions | undefined): string | undefined {
  const name: unknown = options?.name
  if (name === undefined || typeof name === 'string') return name
  throw makeError('TypeError', 'ERR_INVALID_ARG_TYPE', `options.name must be a string, got ${typeof name}`)
}

export function notifyListeners(change: StateChange): void {
  for (const { listener } of subscriptions) notify(listener, change)
}

/** A listener that throws, now or later as an async function does, must not keep calls from settling. */
function notify(listener: (change: StateChange) => unknown, change: StateChange): void {
  try {
    Promise.resolve(listener(change)).then(undefined, reportListener)
  } catch (error) {
    reportListener(error)
  }
}

function reportListener(error: unknown): void {
  print(['error', `a listener of onStateChange has thrown: ${describe(error)}`])
}

/** Anything can be thrown, also what has no text or throws when it is asked for it. */
function describe(error: unknown): string {
  try {
    return String((error as Error | undefined)?.message ?? error)
  } catch {
    return 'a value that has no text'
  }
}
