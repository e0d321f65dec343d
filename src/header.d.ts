// The types of the addon, made by `npm run build` from src/. This header names what src/ cannot.

/** The result of a call; `undefined` while it is pending. */
export type Returned = string | number | boolean | null | undefined
/** The caller's `JSON.stringify`. */
export type Stringify = (value: unknown) => string | undefined
/** Copies an array, whose elements may be the caller's getters. */
export type Elements = (array: unknown) => unknown[]
/** Reads a property, which may be the caller's getter. */
export type Property = (options: object, name: string) => unknown
/** What completed calls, log messages and changes of state are passed to, as flat lists. */
export type Settle = (
  values: (string | number | boolean | null)[],
  errors: (number | string)[],
  log: string[],
  changes: (string | number)[],
) => void
