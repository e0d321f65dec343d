import { makeError } from '../errors.js'
import { IdempotencyCache } from '../idempotency-cache.js'
import type { OutagePolicy } from '../options.js'
import { digestOf } from './control-flow.js'
import { formFields } from './form-fields.js'
import { storedKey, warnWithoutScope } from './stored-key.js'

/** The options of an idempotent server action. */
export interface ActionOptions<Args extends unknown[]> {
  /** The key of a call. By default the field `idempotencyKey` of its form. */
  key?: ((...args: Args) => string | null | undefined) | undefined
  /** Whose keys these are, such as the id of the user. Without it, two users could share a key. */
  scope?: ((...args: Args) => string | Promise<string>) | undefined
  /** What tells a call from another one with the same key. By default its form, or its arguments. */
  fingerprint?: false | ((...args: Args) => string | object) | undefined
  /**
   * How long the outcome is kept, in seconds.
   * @default 86400
   */
  ttlSeconds?: number | undefined
  /**
   * How long a duplicate waits for the call before it, in milliseconds.
   * @default 10000
   */
  waitMs?: number | undefined
  onCrash?: 'rerun' | 'block' | undefined
  onOutage?: OutagePolicy | undefined
}

/** What an action leaves: a value, or what `redirect()` or `notFound()` has thrown. */
type Left<T> = { value: T } | { digest: string }

/**
 * Makes a server action run once for each key. Repeated calls get the result of the first; `redirect()` and `notFound()`
 * are results, too. Cookies that the first call sets and paths that it revalidates are not repeated.
 * @see docs/idempotency.md
 * @example export const pay = idempotentAction(async (form: FormData) => charge(form), { scope: userId })
 */
export function idempotentAction<Args extends unknown[], T>(
  action: (...args: Args) => T | Promise<T>,
  options: ActionOptions<Args> = {},
): (...args: Args) => Promise<T> {
  const once = async (...args: Args): Promise<T> => {
    const key = options.key ? options.key(...args) : fieldOf(args, 'idempotencyKey')
    if (typeof key !== 'string' || key === '') {
      const remedy = 'add a hidden field "idempotencyKey" to the form, or pass { key }'
      throw makeError('RangeError', 'ERR_INVALID_ARG_VALUE', `the call has no idempotency key; ${remedy}`)
    }
    if (!options.scope) warnWithoutScope('idempotentAction')
    const scope = (await options.scope?.(...args)) ?? ''
    const { ttlSeconds, waitMs, onCrash, onOutage, fingerprint } = options
    const request =
      fingerprint === false ? undefined : fingerprint ? fingerprint(...args) : { call: callOf(args) }
    const left = await IdempotencyCache.run<Left<T>>(
      storedKey(scope, 'action', idOf(once) ?? action.name, key),
      () => leftBy(action, args),
      { ttlSeconds, waitMs, onCrash, onOutage, fingerprint: request },
    )
    if ('digest' in left) throw Object.assign(new Error(left.digest), { digest: left.digest })
    return left.value
  }
  return once
}

/**
 * What React calls the action by, once the module that exports it has been evaluated: names are shortened by bundlers, and
 * many functions have none.
 */
function idOf(action: object): string | undefined {
  const { $$id } = action as { $$id?: unknown }
  return typeof $$id === 'string' ? $$id : undefined
}

async function leftBy<Args extends unknown[], T>(
  action: (...args: Args) => T | Promise<T>,
  args: Args,
): Promise<Left<T>> {
  try {
    return { value: await action(...args) }
  } catch (error) {
    const digest = digestOf(error)
    if (digest === undefined) throw error
    return { digest }
  }
}

const isForm = (value: unknown): value is FormData => value instanceof FormData

function fieldOf(args: unknown[], name: string): string | undefined {
  const value = args.find(isForm)?.get(name)
  return typeof value === 'string' ? value : undefined
}

/** The form; without one, the arguments. `useActionState` passes the state before the form, which is no part of the call. */
function callOf(args: unknown[]): unknown[] {
  const form = args.find(isForm)
  return form ? formFields(form) : args
}
