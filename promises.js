'use strict'

// Makes and settles the promises of one evaluation of this package. The addon knows a call by its slot only: the
// promise, and the errors and objects that it settles with, have to be made here to be instances of the caller's own
// classes, because under Jest the addon lives in another realm.

const { Realm } = require('./load.js')

// What settles the calls under way reaches it, so that it stays as long as there are some.
const realm = new Realm()
/** Whether the addon knows the settings; otherwise the next call has it read the environment. */
let isOpen = false

const classes = { Error, TypeError, RangeError }

/** What settles the promise of a call under way, by slot. */
const slots = []
const free = []

/** What becomes of a call's result: as it is, `undefined`, or the object behind JSON text. */
const asIs = (value) => value
const nothing = () => undefined
const parsed = (text) => (text === null ? null : JSON.parse(text))

/**
 * Calls the addon through `start`, which is given a slot and returns the result, or `undefined` while it is under way.
 */
function call(revive, start) {
  if (isOpen) return begin(revive, start)
  return begin(revive, (slot) => {
    open()
    return start(slot)
  })
}

function begin(revive, start) {
  const slot = free.length > 0 ? free.pop() : slots.push(undefined) - 1
  let isUnderWay = false
  try {
    const result = start(slot)
    isUnderWay = result === undefined
    return isUnderWay ? promise(slot, revive) : Promise.resolve(revive(result))
  } catch (error) {
    return Promise.reject(own(error))
  } finally {
    if (!isUnderWay) free.push(slot)
  }
}

let resolveLatest
let rejectLatest
/** One for all promises, which spares each of them two closures. */
const keepLatest = (resolve, reject) => {
  resolveLatest = resolve
  rejectLatest = reject
}

/** The promise of a call under way. */
function promise(slot, revive) {
  const pending = new Promise(keepLatest)
  slots[slot] = { resolve: resolveLatest, reject: rejectLatest, revive }
  scheduleFlush()
  return pending
}

/** Reads the environment, if the settings are not known yet. */
function open() {
  if (isOpen) return
  tell(realm.open(process.env))
  isOpen = true
}

/** Replaces the settings in code. */
function configure(options) {
  callNow(() => realm.configure(options))
  isOpen = false
}

/** Closes the realm's service; resolves when that is done and all calls that were under way are settled. */
function close() {
  const settled = slots.filter(Boolean).map((entry) => new Promise((resolve) => whenSettled(entry, resolve)))
  isOpen = false
  const closed = begin(nothing, (slot) => realm.close(slot, settle))
  return Promise.all([closed, ...settled]).then(nothing)
}

function whenSettled(entry, tell) {
  for (const way of ['resolve', 'reject']) {
    const settleIt = entry[way]
    entry[way] = (outcome) => {
      settleIt(outcome)
      tell()
    }
  }
}

/**
 * Calls made in one turn leave together: the first of them has the others wait for the microtasks behind it. It is a
 * promise that waits, because fake timers replace `queueMicrotask`.
 */
const now = Promise.resolve()
let isScheduled = false
function scheduleFlush() {
  if (isScheduled) return
  isScheduled = true
  now.then(() => {
    isScheduled = false
    realm.flush(settle)
  })
}

/**
 * Called by the addon with flat lists: slot and value; slot, class, code and message of errors; level and text of
 * notices.
 */
function settle(values, errors, notices) {
  for (let i = 0; i < values.length; i += 2) {
    const { resolve, reject, revive } = take(values[i])
    try {
      resolve(revive(values[i + 1]))
    } catch (error) {
      reject(error)
    }
  }
  for (let i = 0; i < errors.length; i += 4) {
    const [slot, name, code, message] = errors.slice(i, i + 4)
    take(slot).reject(make(name, code, message))
  }
  tell(notices)
}

function take(slot) {
  const entry = slots[slot]
  slots[slot] = undefined
  free.push(slot)
  return entry
}

function make(name, code, message) {
  return Object.assign(new classes[name](message), { code })
}

/** An error as one of the caller's own classes. */
function own(error) {
  if (error instanceof Error || !(error?.name in classes)) return error
  const copy = make(error.name, error.code, error.message)
  copy.stack = error.stack
  if ('cause' in error) copy.cause = error.cause
  return copy
}

/** Prints what the addon has to tell: levels and texts in turn. */
function tell(notices) {
  for (let i = 0; i < notices.length; i += 2) {
    try {
      console[notices[i]](`redlatch: ${notices[i + 1]}`)
    } catch {
      // Some test set-ups have a console that throws. What it was told is theirs; a call must not fail for it.
    }
  }
}

/** Calls what is synchronous, with errors of the caller's own classes. */
function callNow(start) {
  try {
    return start()
  } catch (error) {
    throw own(error)
  }
}

module.exports = { realm, call, callNow, configure, open, close, asIs, nothing, parsed }
