'use strict'

// Makes and settles the promises of one evaluation of this package. The addon knows a call by its slot only: the
// promise, and the errors and objects that it settles with, have to be made here to be instances of the caller's own
// classes, because under Jest the addon lives in another realm.

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
function call(realm, revive, start) {
  return begin(realm, revive, (slot) => {
    open(realm)
    return start(slot)
  })
}

function begin(realm, revive, start) {
  return new Promise((resolve, reject) => {
    const slot = free.length > 0 ? free.pop() : slots.push(undefined) - 1
    let result
    try {
      result = start(slot)
    } catch (error) {
      free.push(slot)
      throw own(error)
    }
    if (result === undefined) {
      // The realm is in it to stay alive as long as the call is under way.
      slots[slot] = { resolve, reject, revive, realm }
      scheduleFlush(realm)
    } else {
      free.push(slot)
      resolve(revive(result))
    }
  })
}

/** Reads the environment, if the realm does not know it yet. */
function open(realm) {
  if (!realm.isOpen) tell(realm.open(process.env))
}

/** Closes the realm's service; resolves when that is done and all calls that were under way are settled. */
function close(realm) {
  const settled = slots.filter(Boolean).map((entry) => new Promise((resolve) => whenSettled(entry, resolve)))
  const closed = begin(realm, nothing, (slot) => realm.close(slot, settle))
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
function scheduleFlush(realm) {
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

module.exports = { call, callNow, close, open, asIs, nothing, parsed }
