// Work that is done once for a key. The core decides who does it and keeps the lease; the caller's function is called
// here. In one process, duplicates join the one that runs.

import { property } from './arguments.js'
import { call, json, none } from './calls.js'
import { makeError } from './errors.js'
import { fingerprintOf } from './fingerprint.js'
import { IdempotencyError } from './idempotency-error.js'
import { print } from './log.js'
import { type Run, runs, WorkContext } from './run-context.js'
import type { LockOptions, RunContext, RunOptions, RunStatus } from './run-options.js'
import { Wait } from './wait.js'
import { withResolvers } from './with-resolvers.js'

type Work<T> = (context: RunContext) => T | Promise<T>

/** What the core says of a key. */
type Begun = Run | { state: 'wait' } | { state: 'mismatch' } | Ended

/** How the work has ended. */
type Ended = { state: 'done'; value?: unknown } | { state: 'noResult' } | { state: 'failed'; error: unknown }

/** How the work of this process has ended. */
interface Performed<T> {
  /** What its caller gets. */
  value(): T | Promise<T>
  /** What others do; nothing if they run again. */
  ended: Ended | undefined
}

/** A run of this process that has not ended. */
interface PendingRun {
  fingerprint: string
  /** What duplicates wait for: how it has ended, or nothing when they are to run. Most runs have none. */
  duplicates?: ReturnType<typeof withResolvers<Ended | undefined>>
}

const pendingRuns = new Map<string, PendingRun>()

/** How much work of runs and locks goes on in this process, and who waits for its end. */
let working = 0
const onIdle: (() => void)[] = []

export async function run<T>(key: string, work: Work<T>, options?: RunOptions): Promise<T> {
  const { onError = 'release', waitMs } = options ?? {}
  checkWork(work)
  checkOnError(onError)
  const fingerprint = fingerprintOf(options?.fingerprint)
  const wait = new Wait(waitMs)
  for (;;) {
    const joined = pendingRuns.get(key)
    if (joined) {
      if (joined.fingerprint !== fingerprint) throw new IdempotencyError('ERR_IDEMPOTENCY_MISMATCH')
      joined.duplicates ??= withResolvers()
      const ended = await wait.for(joined.duplicates.promise)
      if (ended) return outcomeOf<T>(ended)
      continue
    }
    // Nothing may come between the look above and this entry, so the claim is made behind it.
    const pending: PendingRun = { fingerprint }
    pendingRuns.set(key, pending)
    let ended: Ended | undefined
    try {
      const begun: Begun = await call(runs, 'begin', json, key, fingerprint, options, property)
      if (begun.state === 'run') {
        const own = await whileWorking(perform<T>(begun, key, work, onError, wait))
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
      pending.duplicates?.resolve(ended)
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
export async function withLock<T>(name: string, work: Work<T>, options?: LockOptions): Promise<T> {
  checkWork(work)
  const wait = new Wait(options?.waitMs)
  for (;;) {
    const begun: Run | { state: 'wait' } = await call(runs, 'lock', json, name, options, property)
    if (begun.state === 'run') return whileWorking(performLocked(begun, name, work))
    await wait.pause('ERR_LOCK_TIMEOUT')
  }
}

async function performLocked<T>(begun: Run, name: string, work: Work<T>): Promise<T> {
  try {
    return await doWork(begun, name, work)
  } finally {
    await release(begun.owner)
  }
}

/** Calls `next` when no work of a run or a lock goes on in this process. */
export async function afterWork<T>(next: () => Promise<T>): Promise<T> {
  while (working > 0) await new Promise<void>((resolve) => onIdle.push(resolve))
  return next()
}

async function whileWorking<T>(performing: Promise<T>): Promise<T> {
  working += 1
  try {
    return await performing
  } finally {
    working -= 1
    if (working === 0) for (const resolve of onIdle.splice(0)) resolve()
  }
}

async function doWork<T>(begun: Run, key: string, work: Work<T>): Promise<T> {
  const context = new WorkContext(key, begun)
  try {
    return await work(context)
  } finally {
    context.end()
  }
}

/** Does the work and stores its outcome. */
async function perform<T>(
  begun: Run,
  key: string,
  work: Work<T>,
  onError: NonNullable<RunOptions['onError']>,
  wait: Wait,
): Promise<Performed<T>> {
  let value: T
  try {
    value = await doWork(begun, key, work)
  } catch (error) {
    const fail = (): never => {
      throw error
    }
    const isStored = (typeof onError === 'function' ? onError(error) : onError) === 'store'
    if (!isStored) {
      await release(begun.owner)
      return { value: fail, ended: undefined }
    }
    return finish(begun.owner, { state: 'failed', error: described(error) }, fail, wait)
  }
  return finish(begun.owner, { state: 'done', value }, () => value, wait)
}

/** Stores how the work has ended. If another run has overtaken this one, all callers get how that one has. */
async function finish<T>(owner: string, own: Ended, value: () => T, wait: Wait): Promise<Performed<T>> {
  const text = textOf(own)
  const state = text === null ? 'noResult' : own.state
  let other: Begun | null
  do {
    other = await logFailure(call(runs, 'finish', json, owner, state, text ?? undefined))
    if (other?.state === 'done' || other?.state === 'failed' || other?.state === 'noResult') {
      const ended = other
      return { value: () => outcomeOf<T>(ended), ended }
    }
  } while (other?.state === 'wait' && (await hasPaused(wait)))
  // The other one takes longer than callers wait.
  if (other?.state === 'wait') await release(owner)
  return { value, ended: copyOf(own, text) }
}

/** Waits before the next look; returns `false` at once if the time to wait is over. */
function hasPaused(wait: Wait): Promise<boolean> {
  return wait.pause('ERR_IDEMPOTENCY_IN_PROGRESS').then(
    () => true,
    () => false,
  )
}

/** The JSON of what is stored; nothing for `undefined`, and `null` if JSON cannot hold it. */
function textOf(ended: Ended): string | undefined | null {
  try {
    return JSON.stringify(
      ended.state === 'failed' ? ended.error : ended.state === 'done' ? ended.value : null,
    )
  } catch {
    return null
  }
}

/** What callers in this process get: a copy, as callers in other processes do. It is made when one asks for it. */
function copyOf(ended: Ended, text: string | undefined | null): Ended {
  if (text === null) return { state: 'noResult' }
  if (ended.state !== 'done') return ended
  return {
    state: 'done',
    get value() {
      return text === undefined ? undefined : JSON.parse(text)
    },
  }
}

async function release(owner: string): Promise<void> {
  await logFailure(call(runs, 'release', none, owner))
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
async function logFailure<T>(stored: Promise<T>): Promise<T | null> {
  try {
    return await stored
  } catch (error) {
    print(['warn', `the end of a run could not be stored: ${(error as Error).message}`])
    return null
  }
}

function checkWork(work: unknown): void {
  if (typeof work === 'function') return
  throw makeError('TypeError', 'ERR_INVALID_ARG_TYPE', `work must be a function, got ${typeof work}`)
}

function checkOnError(onError: unknown): void {
  if (typeof onError === 'function' || onError === 'release' || onError === 'store') return
  const problem = "options.onError must be 'release', 'store' or a function that returns one of them"
  throw makeError('RangeError', 'ERR_INVALID_ARG_VALUE', problem)
}
