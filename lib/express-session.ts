// What `redlatch/express-session` gives: a store for express-session, in the formats of connect-redis. The class that it
// extends is the caller's own, so that this package depends on nothing.

import { addon } from './addon.js'
import { property, stringify } from './arguments.js'
import { call, callNow, json, none, realm } from './calls.js'

/** A session as express-session passes it. */
interface SessionLike {
  cookie?: { expires?: Date | string | null | undefined } | undefined
}

/** Called with an error, or `null` and a result. */
// A method's parameters are compared loosely, as those of express-session's callbacks need it.
type Callback<T> = { bivariance(error: unknown, result?: T): void }['bivariance']

/** The options of `createStore`. */
export interface ExpressSessionOptions<S> {
  /**
   * What stands before a session's id in Redis.
   * @default 'sess:'
   */
  prefix?: string | undefined
  /**
   * How long a session lives whose cookie does not expire, in seconds. A function is asked for every session.
   * @default 86400
   */
  ttl?: number | ((session: S) => number) | undefined
  /**
   * Whether a request that changes nothing leaves the TTL as it is.
   * @default false
   */
  disableTouch?: boolean | undefined
  /**
   * How often such a request renews the TTL at most, in seconds: once in each process.
   * @default 60
   */
  touchEverySeconds?: number | undefined
}

/** The methods of the store. Each returns a promise; with a callback, that gets the error or the result instead. */
export interface ExpressSessionStore<S> {
  get(sid: string, callback?: Callback<S | null>): Promise<S | null | undefined>
  set(sid: string, session: S, callback?: Callback<void>): Promise<void>
  destroy(sid: string, callback?: Callback<void>): Promise<void>
  touch(sid: string, session: S, callback?: Callback<void>): Promise<void>
  all(callback?: Callback<(S & { id: string })[]>): Promise<(S & { id: string })[] | undefined>
  ids(callback?: Callback<string[]>): Promise<string[] | undefined>
  length(callback?: Callback<number>): Promise<number | undefined>
  clear(callback?: Callback<void>): Promise<void>
}

/** What is used of the module `express-session`. */
interface ExpressSessionModule<Base extends object> {
  Store: abstract new () => Base
}

/** What a store of the module takes for a session. */
type SessionOf<Base> = Base extends {
  set(sid: string, session: infer S extends SessionLike, ...rest: never[]): unknown
}
  ? S
  : SessionLike

/** A store of the module, with the methods of this package. */
export type StoreOf<Base, S> = Omit<Base, keyof ExpressSessionStore<S>> & ExpressSessionStore<S>

/**
 * Makes a store for express-session: `createStore(session)`, with the module itself. It reads and writes what
 * connect-redis does, so that both can run side by side. A logout stays: what a slow request stores within a minute after
 * it is dropped, and what another instance has stored in an outage of its own. `all`, `ids`, `length` and `clear` read the
 * whole database. Throws `ERR_INVALID_ARG_VALUE` or `ERR_INVALID_ARG_TYPE` for a wrong option.
 * @see docs/sessions.md
 * @example app.use(session({ store: createStore(session), secret, resave: false, saveUninitialized: false }))
 */
export function createStore<Base extends object, S extends SessionLike = SessionOf<Base>>(
  session: ExpressSessionModule<Base>,
  options?: ExpressSessionOptions<S>,
): StoreOf<Base, S> {
  const Store = session?.Store as unknown as new () => object
  const sessions = callNow(() => new addon.ExpressSession(realm, Store, options, property))
  const ttl = options?.ttl
  // What such a function leaves out is no default, but a mistake.
  const secondsOf = (value: S) => (typeof ttl === 'function' ? (ttl(value) ?? null) : undefined)

  const pairs = (): Promise<[string, S][]> => call(sessions, 'all', json)
  const ids = async () => (await pairs()).map(([sid]) => sid)
  const set = async (sid: string, value: S): Promise<void> =>
    call(sessions, 'set', none, sid, value, secondsOf(value), expiryOf(value), stringify)
  const touch = async (sid: string, value: S): Promise<void> =>
    call(sessions, 'touch', none, sid, secondsOf(value), expiryOf(value))

  class RedlatchStore extends Store implements ExpressSessionStore<S> {
    get(sid: string, callback?: Callback<S | null>) {
      return answer<S | null>(call(sessions, 'get', json, sid), callback)
    }
    set(sid: string, value: S, callback?: Callback<void>) {
      return answer(set(sid, value), callback)
    }
    destroy(sid: string, callback?: Callback<void>) {
      return answer<void>(call(sessions, 'destroy', none, sid), callback)
    }
    touch(sid: string, value: S, callback?: Callback<void>) {
      return answer(touch(sid, value), callback)
    }
    all(callback?: Callback<(S & { id: string })[]>) {
      return answer(
        pairs().then((all) => all.map(([id, value]) => ({ ...value, id }))),
        callback,
      )
    }
    ids(callback?: Callback<string[]>) {
      return answer(ids(), callback)
    }
    length(callback?: Callback<number>) {
      return answer(
        ids().then((all) => all.length),
        callback,
      )
    }
    clear(callback?: Callback<void>) {
      return answer<void>(call(sessions, 'clear', none), callback)
    }
  }
  return new RedlatchStore() as unknown as StoreOf<Base, S>
}

/** When the cookie of a session expires, in Unix milliseconds. */
function expiryOf(value: SessionLike | null | undefined): number | undefined {
  const expires = value?.cookie?.expires
  return expires ? Number(new Date(expires)) : undefined
}

/** Passes a result to the callback, if there is one, and else on. What the callback throws is its own. */
function answer<T>(result: Promise<T>, callback: Callback<T> | undefined): Promise<T>
function answer<T>(result: Promise<T>, callback: Callback<T> | undefined): Promise<T | undefined> {
  if (!callback) return result
  return result.then(
    (value) => {
      process.nextTick(callback, null, value)
      return undefined
    },
    (error) => {
      process.nextTick(callback, error)
      return undefined
    },
  )
}
