// Work that is done once for a key. The core decides who does it and keeps the lease; the caller's function is called
// here. In one process, duplicates join the one that runs.

import { addon } from './addon.js'
import { property } from './arguments.js'
import { call, json, none, raw, realm } from './calls.js'
import { makeError } from './errors.js'
import { fingerprintOf } from './fingerprint.js'
import { IdempotencyError } from './idempotency-error.js'
import { print } from './log.js'
import type { OutagePolicy } from './options.js'

const runs = new addon.Runs(realm)

/** What the work of a run or of a lock is given. */
export interface RunContext {
  /** The key or the name. */
  readonly key: string
  /** Aborts when another may hold the lease, or `maxRunMs` is over. Its reason has the code `ERR_LEASE_LOST`. */
  readonly signal: AbortSignal
  /** With `fencing`, a number that grows with every run of the key: a database can refuse a lower one. */
  readonly fence?: number
}

/** The options that a run and a lock share. */
export interface LockOptions {
  /**
   * How long a holder that has crashed still counts, in milliseconds. It is renewed every third of it.
   * @default 30000
   */
  leaseMs?: number | undefined
  /**
   * How long the work may take, in milliseconds. Then the lease is not renewed any more.
   * @default 300000
   */
  maxRunMs?: number | undefined
  /**
   * How long a caller waits for another one, in milliseconds; 0 rejects at once.
   * @default 10000
   */
  waitMs?: number | undefined
  /**
   * Whether to count the runs of the key, for `context.fence`.
   * @default false
   */
  fencing?: boolean | undefined
  /** What happens while Redis cannot be used. By default, what `configure` says for `idempotency`. */
  onOutage?: OutagePolicy | undefined
}

/** The options of a run. */
export interface RunOptions extends LockOptions {
  /**
   * How long the outcome is kept, in seconds.
   * @default 86400
   */
  ttlSeconds?: number | undefined
  /** What tells this request from another one with the same key: a text, or an object, which is compared by its JSON. */
  fingerprint?: string | object | undefined
  /**
   * What an error of the work means: the next caller runs again, or it is the outcome.
   * @default 'release'
   */
  onError?: 'release' | 'store' | ((error: unknown) => 'release' | 'store') | undefined
  /**
   * What the end of a process in the middle of the work means: the next caller runs again once the lease is over, or nobody
   * does before `ttlSeconds` are.
   * @default 'rerun'
   */
  onCrash?: 'rerun' | 'block' | undefined
}

/** How the run of a key stands. */
export interface RunStatus {
  state: 'absent' | 'running' | 'done' | 'failed'
  /** When the work began, in Unix milliseconds. */
  startedAt?: number
}

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

/** The runs under way in this process, by key. Resolves to how it has ended; to nothing when it was released. */
const underWay = new Map<string, { fingerprint: string; ended: Promise<Ended | undefined> }>()

export async function run<T>(key: string, work: Work<T>, options: RunOptions = {}): Promise<T> {
  checkWork(work)
  const { ttlSeconds = 86_400, onError = 'release', onCrash = 'rerun' } = options
  const lease = leaseOptions(options, onCrash === 'block')
  const fingerprint = fingerprintOf(options.fingerprint)
  const asked = { ...lease, fingerprint, ttlSeconds }
  const wait = new Wait(options.waitMs)
  for (;;) {
    const joined = underWay.get(key)
    if (joined) {
      if (joined.fingerprint !== fingerprint) throw new IdempotencyError('ERR_IDEMPOTENCY_MISMATCH')
      const ended = await wait.for(joined.ended)
      if (ended) return outcomeOf<T>(ended)
      continue
    }
    // Nothing may come between the look above and this entry, so the claim is made behind it.
    const { promise, resolve } = withResolvers<Ended | undefined>()
    underWay.set(key, { fingerprint, ended: promise })
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
      underWay.delete(key)
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
        await told(call(runs, 'release', none, begun.owner))
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
      await told(call(runs, 'release', none, begun.owner))
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
    await told(store('noResult', undefined))
    return { ended: { state: 'noResult' } }
  }
  const other = await told(store(ended.state, text))
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

/** The work is done, whatever becomes of its record: what goes wrong with that is told and does not reject the call. */
async function told<T>(stored: Promise<T>): Promise<T | undefined> {
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

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000

/** How long a caller waits for another one. */
class Wait {
  readonly #end: number
  #pauseMs = FIRST_PAUSE_MS

  constructor(waitMs = 10_000) {
    if (typeof waitMs !== 'number' || !(waitMs >= 0)) {
      throw makeError('RangeError', 'ERR_INVALID_ARG_VALUE', 'options.waitMs must be a number of at least 0')
    }
    this.#end = performance.now() + waitMs
  }

  /** Waits for a promise of this process, as long as there is time. */
  async for<T>(promise: Promise<T>): Promise<T> {
    const { promise: late, reject } = withResolvers<never>()
    const timer = setTimeout(
      () => reject(this.#tooLong('ERR_IDEMPOTENCY_IN_PROGRESS')),
      Math.max(0, this.#end - performance.now()),
    )
    try {
      return await Promise.race([promise, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Pauses before the next look at another process's run. */
  async pause(code: 'ERR_IDEMPOTENCY_IN_PROGRESS' | 'ERR_LOCK_TIMEOUT'): Promise<void> {
    const left = this.#end - performance.now()
    if (left <= 0) throw this.#tooLong(code)
    const jitter = 0.8 + Math.random() * 0.4
    await new Promise((resume) => setTimeout(resume, Math.min(left, this.#pauseMs * jitter)))
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  #tooLong(code: 'ERR_IDEMPOTENCY_IN_PROGRESS' | 'ERR_LOCK_TIMEOUT'): IdempotencyError {
    return new IdempotencyError(code, { retryAfterMs: LONGEST_PAUSE_MS })
  }
}

/** `Promise.withResolvers`, which came with Node 22. */
function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  return { promise, resolve, reject }
}
