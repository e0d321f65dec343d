// Runs the caller's own code, such as getters and `toJSON`, while the addon reads an argument. What that code throws
// stays here and becomes the cause of the call's error. The addon gets an error of ours instead, because it could not
// pass everything on: napi-rs makes text of what it catches, which some values have not, and follows the causes of an
// error, which can lead in a circle.

import { toLocalError } from './errors.js'

/** What the argument that is read has thrown. The error of its call follows at once and takes it. */
let thrown: { value: unknown } | undefined

function keepThrown(value: unknown): never {
  thrown = { value }
  throw new Error('the caller has thrown')
}

/** Makes JSON text for the addon, when it gets to that argument. */
export const stringify = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value)
  } catch (error) {
    return keepThrown(error)
  }
}

/** Lists for the addon the fields of an object that are `undefined`, which its JSON text does not have. */
export const undefinedNames = (object: unknown): string[] => {
  try {
    const fields = object as Record<string, unknown>
    // Its JSON text is that of another object.
    if (typeof fields.toJSON === 'function') return []
    return Object.keys(fields).filter((name) => fields[name] === undefined)
  } catch (error) {
    return keepThrown(error)
  }
}

/** Copies an array for the addon, so that none of its elements is a getter. */
export const elements = (array: unknown): unknown[] => {
  try {
    return Array.from(array as unknown[])
  } catch (error) {
    return keepThrown(error)
  }
}

/** Reads a property of an options object for the addon, or lists the names of all if `name` is empty. */
export const property = (options: object, name: string): unknown => {
  try {
    return name === '' ? Object.keys(options) : (options as Record<string, unknown>)[name]
  } catch (error) {
    return keepThrown(error)
  }
}

/** An error of the addon as the caller gets it: of the caller's own class, with what the caller's code has thrown. */
export function toCallerError(error: unknown): unknown {
  const local = toLocalError(error)
  if (thrown === undefined) return local
  const { value } = thrown
  thrown = undefined
  return Object.defineProperty(local as object, 'cause', { value, writable: true, configurable: true })
}
