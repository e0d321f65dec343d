// Makes and settles the promises of one evaluation of this package. The addon knows a call by its slot only. Promises,
// errors and objects are made here, so that they are instances of the caller's own classes: under Jest the addon
// belongs to another realm.

import { addon } from './addon.js'
import { property, toCallerError } from './arguments.js'
import { changedVariables, rememberEnvironment } from './environment.js'
import { type ErrorClass, makeError, type RedlatchErrorCode } from './errors.js'
import { addListener, listenerName, notifyListeners } from './listeners.js'
import { print } from './log.js'
import type { StateChange, StateListenerOptions } from './metrics.js'
import { findWorkUnits, inLaterTurn, isPrerendering, type WorkUnits } from './next-render.js'

// `settle` reaches it, so that it stays as long as calls are pending.
export const realm = new addon.Realm()

/** What a method of the addon returns; `undefined` while the call is pending. */
export type Result = string | number | boolean | null

/** Makes the value that a promise resolves to out of the addon's result. */
export type Revive<T> = (result: Result) => T

type Method = (slot: number, ...args: unknown[]) => Result | undefined

/** What a method of the addon takes after the slot. */
type Arguments<M> = M extends (slot: number, ...args: infer Args) => unknown ? Args : never

interface PendingCall {
  resolve(value: unknown): void
  reject(error: unknown): void
  revive: Revive<unknown>
}

/** The result as it is. */
export const raw = <T>(result: Result): T => result as T

/** No result. */
export const none = (): undefined => undefined

/** The object behind JSON text. */
export const json = <T>(text: Result): T => (text === null ? null : JSON.parse(text as string)) as T

/** Whether the addon knows the settings. Otherwise the next call has it read the environment. */
let isOpen = false

/** Whether the environment may change while this process runs, as it does during development. */
let isFollowing = false

/** Set in a process of Next.js. */
let workUnits: WorkUnits | undefined

const pendingCalls: (PendingCall | undefined)[] = []
const freeSlots: number[] = []

/** Calls `target[method]` in the addon; its result, revived, settles the promise. */
export function call<T, Target, Name extends keyof Target>(
  target: Target,
  method: Name,
  revive: Revive<unknown>,
  ...args: Arguments<Target[Name]>
): Promise<T> {
  const slot = takeSlot()
  try {
    open()
    return promiseOf(slot, revive, (target[method] as Method)(slot, ...args))
  } catch (error) {
    freeSlots.push(slot)
    return Promise.reject(toCallerError(error))
  }
}

function takeSlot(): number {
  return freeSlots.pop() ?? pendingCalls.push(undefined) - 1
}

/** The promise of a call that has returned `result`. */
function promiseOf<T>(slot: number, revive: Revive<unknown>, result: Result | undefined): Promise<T> {
  if (result === undefined) return pendingPromise(slot, revive)
  const value = revive(result) as T
  freeSlots.push(slot)
  return workUnits !== undefined && isPrerendering(workUnits) ? inLaterTurn(value) : Promise.resolve(value)
}

let latestResolve: PendingCall['resolve']
let latestReject: PendingCall['reject']
/** One executor for all promises, which spares each of them two closures. */
const keepLatest = (resolve: PendingCall['resolve'], reject: PendingCall['reject']) => {
  latestResolve = resolve
  latestReject = reject
}

function pendingPromise<T>(slot: number, revive: Revive<unknown>): Promise<T> {
  const promise = new Promise<unknown>(keepLatest)
  pendingCalls[slot] = { resolve: latestResolve, reject: latestReject, revive }
  scheduleSubmit()
  return promise as Promise<T>
}

/** Has the addon read the environment, if it does not know the settings or they have changed. */
export function open(): void {
  if (isOpen && !(isFollowing && hasChanged())) return
  const log = realm.open(process.env)
  isOpen = true
  isFollowing = rememberEnvironment()
  workUnits = findWorkUnits()
  print(log)
}

function hasChanged(): boolean {
  const names = changedVariables()
  if (names.length === 0) return false
  print(['info', `the environment has changed (${names.join(', ')}): the settings are read again`])
  return true
}

/** Replaces the settings in code. */
export function configure(options: unknown): void {
  callNow(() => realm.configure(options, property))
  isOpen = false
}

/** Closes the realm's service. Resolves when that is done and all pending calls are settled. */
export async function close(): Promise<void> {
  const settled = pendingCalls.filter((pending) => pending !== undefined).map(whenSettled)
  isOpen = false
  const slot = takeSlot()
  await Promise.all([promiseOf(slot, none, realm.close(slot, settle) as Result | undefined), ...settled])
}

function whenSettled(pending: PendingCall): Promise<void> {
  return new Promise((done) => {
    for (const settling of ['resolve', 'reject'] as const) {
      const settlePromise = pending[settling]
      pending[settling] = (outcome) => {
        settlePromise(outcome)
        done()
      }
    }
  })
}

const resolved = Promise.resolve()
let isScheduled = false
/**
 * Submits the calls of one turn together: the first of them schedules a microtask behind the present ones. A promise
 * does that, because fake timers replace `queueMicrotask`.
 */
function scheduleSubmit(): void {
  if (isScheduled) return
  isScheduled = true
  resolved.then(() => {
    isScheduled = false
    realm.submit(settle)
  })
}

/**
 * Called by the addon with flat lists: slot and value; slot, class, code and message of errors; level and text of the
 * log; old state, new state, reason and time of changes of state.
 */
function settle(
  values: (number | Result)[],
  errors: (number | string)[],
  log: string[],
  changes: (string | number)[],
): void {
  for (let i = 0; i < values.length; i += 2) {
    const { resolve, reject, revive } = take(values[i] as number)
    try {
      resolve(revive(values[i + 1] as Result))
    } catch (error) {
      reject(error)
    }
  }
  for (let i = 0; i < errors.length; i += 4) {
    const [slot, ...parts] = errors.slice(i, i + 4) as [number, ErrorClass, RedlatchErrorCode, string]
    take(slot).reject(makeError(...parts))
  }
  print(log)
  for (let i = 0; i < changes.length; i += 4) {
    const [from, to, reason, at] = changes.slice(i, i + 4)
    notifyListeners({ from, to, reason, at } as StateChange)
  }
}

function take(slot: number): PendingCall {
  const pending = pendingCalls[slot]
  pendingCalls[slot] = undefined
  freeSlots.push(slot)
  return pending as PendingCall
}

/** Calls `listener` for every change of state from now on; returns what ends that. */
export function subscribe(
  listener: (change: StateChange) => void,
  options?: StateListenerOptions,
): () => void {
  const name = listenerName(options)
  open()
  callNow(() => realm.watch(listener, settle))
  const remove = addListener(listener, name)
  return () => {
    if (remove()) realm.unwatch()
  }
}

/** Calls what is synchronous, with errors of the caller's own classes. */
export function callNow<T>(start: () => T): T {
  try {
    return start()
  } catch (error) {
    throw toCallerError(error)
  }
}
