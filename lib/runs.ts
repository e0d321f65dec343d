// Work that is done once for a key. The core decides who does it and keeps the lease; the caller's function is called
// here. In one process, duplicates join the one that runs.

import { addon } from './addon.js'
import { property } from './arguments.js'
import { call, json, none, raw, realm } from './calls.js'
import { makeError } from './errors.js'
import { fingerprintOf } from './fingerprint.js'
import { IdempotencyError } from './idempotency-error.js'
import { print } from './log.js'
import type { LockOptions, RunContext, RunOptions, RunStatus } from './run-options.js'
import { Wait } from './wait.js'
import { withResolvers } from './with-resolvers.js'

const runs = new addon.Runs(realm)

type Work<T> = (context: RunContext) => T | Promise<T>

/** What the core says of a key. */
type Begun =
  | { state: 'run'; owner: string; isKept: boolean; fence?: number }
  | { state: 'wait' }
  | { state: 'mismatch' }
  | Ended

/** How the work has ended. */
type Ended = { state: 'done'; value?: unknown } | { state: 'noResult' } | { state: 'failed'; error: unknown }

type Run = Extract<Begun, { state: 'run' }>

/** The pending runs of this process, by key. Resolves to how it has ended; to nothing when it was released. */
const pendingRuns = new Map<string, { fingerprint: string; ended: Promise<Ended | undefined> }>()

export async function run<T>(key: string, work: Work<T>, options: RunOptions = {}): Promise<T> {
  checkWork(work)
  const { ttlSeconds = 86_400, onError = 'release', onCrash = 'rerun' } = options
  const lease = leaseOptions(options, onCrash === 'block')
  const fingerprint = fingerprintOf(options.fingerprint)
  const asked = { ...lease, fingerprint, ttlSeconds }
  const wait = new Wait(options.waitMs)
  for (;;) {
    const joined = pendingRuns.get(key)
    if (joined) {
      if (joined.fingerprint !== fingerprint) throw new IdempotencyError('ERR_IDEMPOTENCY_MISMATCH')
      const ended = await wait.for(joined.ended)
      if (ended) return outcomeOf<T>(ended)
      continue
    }
    // Nothing may come between the look above and this entry, so the claim is made behind it.
    const { promise, resolve } = withResolvers<Ended | undefined>()
    pendingRuns.set(key, { fingerprint, ended: promise })
    let ended: Ended | undefined
    try {
      const begun: Begun = await call(runs, 'begin', json, key, asked, property)
      if (begun.state === 'run') {
        const own = await perform<T>(begun, key, work, { ttlSeconds, onError, lease })
        ended = own.ended
        return own.value()
      }
      if (begun.state === 'mismatch') throw new IdempotencyError('ERR_IDEMPOTENCY_MISMATCH')
      if (begun.state !== 'wait') {
        ended = begun
        return outcomeOf<T>(begun)
      }
    } finally {
      pendingRuns.delete(key)
      resolve(ended)
    }
    await wait.pause('ERR_IDEMPOTENCY_IN_PROGRESS')
  }
}

export function runStatus(key: string): Promise<RunStatus> {
  return call(runs, 'state', json, key)
}

/**
 * Does `work` while no other caller does, on any instance. Rejects with `ERR_LOCK_TIMEOUT` when the lock is not free
 * within `waitMs`.
 * @see docs/idempotency.md
 * @example await withLock(`seats:${eventId}`, () => assignSeats(eventId))
 */
export async function withLock<T>(name: string, work: Work<T>, options: LockOptions = {}): Promise<T> {
  checkWork(work)
  const lease = leaseOptions(options, false)
  const wait = new Wait(options.waitMs)
  for (;;) {
    const begun: Begun = await call(runs, 'lock', json, name, lease, property)
    if (begun.state === 'run') {
      try {
        return await attend(begun, name, work, lease)
      } finally {
        await logFailure(call(runs, 'release', none, begun.owner))
      }
    }
    await wait.pause('ERR_LOCK_TIMEOUT')
  }
}

/** Calls the work, and aborts its signal when the lease is lost. */
async function attend<T>(begun: Run, key: string, work: Work<T>, lease: Lease): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(new IdempotencyError('ERR_LEASE_LOST'))
  // Memory ends with the process, so there is nothing to renew, only the time to watch.
  const timer = begun.isKept ? undefined : setTimeout(abort, lease.maxRunMs)
  timer?.unref()
  if (begun.isKept) {
    const kept: Promise<boolean> = call(runs, 'keep', raw, begun.owner, lease.maxRunMs)
    kept.then((isOver) => isOver || abort(), abort)
    // Calls are submitted in a microtask. Work that blocks the event loop must not come before it.
    await undefined
  }
  const fence = begun.fence === undefined ? {} : { fence: begun.fence }
  try {
    return await work({ key, signal: controller.signal, ...fence })
  } finally {
    clearTimeout(timer)
  }
}

interface Performing {
  ttlSeconds: number
  onError: NonNullable<RunOptions['onError']>
  lease: Lease
}

/** Does the work and stores its outcome. `value` is what the caller gets, `ended` what others do. */
async function perform<T>(
  begun: Run,
  key: string,
  work: Work<T>,
  { ttlSeconds, onError, lease }: Performing,
): Promise<{ value: () => T | Promise<T>; ended: Ended | undefined }> {
  const finish = (ended: Ended) => finished(begun.owner, ended, ttlSeconds)
  let value: T
  try {
    value = await attend(begun, key, work, lease)
  } catch (error) {
    const fail = (): never => {
      throw error
    }
    const isStored = (typeof onError === 'function' ? onError(error) : onError) === 'store'
    if (!isStored) {
      await logFailure(call(runs, 'release', none, begun.owner))
      return { value: fail, ended: undefined }
    }
    const { overtaken, ended } = await finish({ state: 'failed', error: described(error) })
    return { value: overtaken ? () => outcomeOf<T>(overtaken) : fail, ended }
  }
  const { overtaken, ended } = await finish({ state: 'done', value })
  return { value: overtaken ? () => outcomeOf<T>(overtaken) : () => value, ended }
}

/** Stores how the work has ended. `overtaken` is how another run has, which all callers get then. */
async function finished(
  owner: string,
  ended: Ended,
  ttlSeconds: number,
): Promise<{ overtaken?: Ended; ended: Ended }> {
  const store = (state: string, text: string | undefined): Promise<Begun | null> =>
    call(runs, 'finish', json, owner, state, text, ttlSeconds)
  let text: string | undefined
  try {
    text = JSON.stringify(
      ended.state === 'failed' ? ended.error : ended.state === 'done' ? ended.value : null,
    )
  } catch {
    await logFailure(store('noResult', undefined))
    return { ended: { state: 'noResult' } }
  }
  const other = await logFailure(store(ended.state, text))
  if (other && other.state !== 'run' && other.state !== 'wait' && other.state !== 'mismatch') {
    return { overtaken: other, ended: other }
  }
  // A copy, as callers in other processes get.
  const copy = text === undefined ? {} : { value: JSON.parse(text) }
  return { ended: ended.state === 'done' ? { state: 'done', ...copy } : ended }
}

/** What a caller gets that did not do the work. */
function outcomeOf<T>(ended: Ended): T {
  if (ended.state === 'failed') throw new IdempotencyError('ERR_IDEMPOTENCY_FAILED', { cause: ended.error })
  if (ended.state === 'noResult') throw new IdempotencyError('ERR_IDEMPOTENCY_NO_RESULT')
  return structuredClone(ended.value) as T
}

/** What is stored of an error. */
function described(error: unknown): { name: string; message: string; code?: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, code } = error as Error & { code?: unknown }
  return { name, message, ...(typeof code === 'string' && { code }) }
}

/** The work is done, whatever becomes of its record: what goes wrong with that is logged and does not reject the call. */
async function logFailure<T>(stored: Promise<T>): Promise<T | undefined> {
  try {
    return await stored
  } catch (error) {
    print(['warn', `the end of a run could not be stored: ${(error as Error).message}`])
    return undefined
  }
}

interface Lease {
  leaseMs: number
  maxRunMs: number
  fencing: boolean | undefined
  onOutage: string | undefined
  isBlocking: boolean
}

function leaseOptions(options: LockOptions, isBlocking: boolean): Lease {
  const { leaseMs = 30_000, maxRunMs = 300_000, fencing, onOutage } = options
  return { leaseMs, maxRunMs, fencing, onOutage, isBlocking }
}

function checkWork(work: unknown): void {
  if (typeof work === 'function') return
  throw makeError('TypeError', 'ERR_INVALID_ARG_TYPE', `work must be a function, got ${typeof work}`)
}
