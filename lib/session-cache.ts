import { addon } from './addon.js'
import { property, stringify, undefinedNames } from './arguments.js'
import { call, callNow, json, none, raw, realm } from './calls.js'

/** The options of a `SessionCache`. Caches with one prefix share their sessions. */
export interface SessionCacheOptions {
  /**
   * What stands before the name of a session in Redis. Each prefix has its own revocations.
   * @default 'session:'
   */
  prefix?: string | undefined
  /**
   * How long a session lives without being used, in seconds.
   * @default 86400
   */
  idleSeconds?: number | undefined
  /**
   * How long a session lives at most, in seconds.
   * @default 2592000
   */
  absoluteSeconds?: number | undefined
  /**
   * How often the use of a session is written at most, in seconds: once in each process. A shorter session is written
   * after half of its idle time.
   * @default 60
   */
  touchEverySeconds?: number | undefined
  /**
   * Whether to keep a list of each user's sessions, for `list`.
   * @default false
   */
  index?: boolean | undefined
  /**
   * Whether the primary answers reads, for a database with read regions: there, a revocation is seen everywhere at once.
   * @default false
   */
  consistent?: boolean | undefined
}

/** What the data of a session must have. */
export interface SessionUser {
  /** Whose session it is. It stays the same. */
  userId: string
}

/** When a session was made and changed, and when it ends, in Unix milliseconds. */
export interface SessionTimes {
  createdAt: number
  updatedAt: number
  /** The end of `absoluteSeconds`. A session that is not used ends earlier. */
  expiresAt: number
}

/** A session: its data and its times. */
export type Session<T extends SessionUser> = T & SessionTimes

/** A session in a list. Its id is not stored anywhere; what names a device is to be part of the data. */
export type SessionInfo<T extends SessionUser = SessionUser> = Session<T>

/**
 * The text that a change replaces, its data, the milliseconds that the change has waited for Redis so far, and whether the
 * text may be outdated.
 */
type Basis<T> = [basis: string, data: T, spent: number, mayBeOutdated: boolean]

/**
 * Who is signed in. No change is lost, and no session comes back that was destroyed or revoked. What absent, expired,
 * revoked and corrupt sessions have in common: they read as `null`. An id may be any text, such as a cookie's value.
 * @see docs/sessions.md
 * @example const sessions = new SessionCache<{ userId: string; cart: string[] }>({ idleSeconds: 3600 })
 */
export class SessionCache<T extends SessionUser = SessionUser> {
  readonly #sessions: InstanceType<typeof addon.SessionCache>

  /** Throws `ERR_INVALID_ARG_VALUE` or `ERR_INVALID_ARG_TYPE` for a wrong option. */
  constructor(options?: SessionCacheOptions) {
    this.#sessions = callNow(() => new addon.SessionCache(realm, options, property))
  }

  /**
   * Makes a session. The id goes into a cookie and is a secret: Redis holds its hash only.
   * @example const { id } = await sessions.create({ userId: user.id, cart: [] })
   */
  create(data: T): Promise<{ id: string; session: Session<T> }> {
    return call(this.#sessions, 'create', json, data, stringify)
  }

  /**
   * The session, whose idle time begins anew.
   * @param options `touch: false` leaves the idle time as it is. With `userId`, only a session of that user counts.
   * @example const session = await sessions.get(cookies.get('sid')?.value ?? '')
   */
  get(
    id: string,
    options?: { touch?: boolean | undefined; userId?: string | undefined },
  ): Promise<Session<T> | null> {
    return call(this.#sessions, 'get', json, id, options, property)
  }

  /**
   * Changes a session, and nothing that others change at the same time: fields replace those of the data, and those that
   * are `undefined` are removed; a function makes new data of them. It may be called several times, at first with the data
   * last seen; if it returns `null` or throws then, once more with the present data, if these are others. `null` changes
   * nothing. Resolves to the changed session, or to `null`; rejects with `ERR_CONFLICT` when others came first eight times.
   * It does not look whether the session has been revoked, and leaves it so.
   * @example await sessions.update(id, { theme: 'dark' })
   * @example await sessions.update(id, (data) => ({ ...data, cart: [...data.cart, item] }))
   */
  async update(id: string, change: Partial<T> | ((data: T) => T | null)): Promise<Session<T> | null> {
    if (typeof change !== 'function') {
      return call(this.#sessions, 'update', json, id, change, stringify, undefinedNames)
    }
    let next: Basis<T> | null = await call(this.#sessions, 'beginChange', json, id, false)
    let tries = 0
    while (next !== null) {
      const [basis, before, spent, mayBeOutdated] = next
      const [data, problem] = outcomeOf(() => change(before))
      if (data === null) {
        // What is refused because of data that has changed is asked once more.
        const latest: typeof next = mayBeOutdated
          ? await call(this.#sessions, 'beginChange', json, id, true)
          : next
        if (latest === null) return null
        if (latest[0] === basis) {
          if (problem) throw problem.thrown
          return null
        }
        next = latest
        continue
      }
      const changed: { session: Session<T> } | { next: Basis<T> } | null = await call(
        this.#sessions,
        'change',
        json,
        id,
        basis,
        data,
        spent,
        tries,
        stringify,
      )
      if (changed === null) return null
      if ('session' in changed) return changed.session
      next = changed.next
      tries += 1
    }
    return null
  }

  /**
   * Begins the idle time of a session anew, once in `touchEverySeconds`; `false` when there is none. It does not look
   * whether the session has been revoked, nor, before the next time, whether another process has ended it: `get` does all.
   * @example await sessions.touch(id)
   */
  touch(id: string): Promise<boolean> {
    return call(this.#sessions, 'touch', raw, id)
  }

  /**
   * Moves a session to a new id, which replaces the old one: when its user gets further rights, as by a second factor. To
   * sign in another user, call `create`. `null` when there is no such session. Rejects with `ERR_CONFLICT` when others came
   * first eight times.
   * @example const newId = await sessions.rotate(id)
   */
  rotate(id: string): Promise<string | null> {
    return call(this.#sessions, 'rotate', raw, id)
  }

  /**
   * Ends a session, for good.
   * @example await sessions.destroy(id)
   */
  destroy(id: string): Promise<void> {
    return call(this.#sessions, 'destroy', none, id)
  }

  /**
   * Ends all sessions of a user, however many there are, but for `except`.
   * @example await sessions.destroyAll(userId, { except: id })
   */
  destroyAll(userId: string, options?: { except?: string | undefined }): Promise<void> {
    return call(this.#sessions, 'destroyAll', none, userId, options, property)
  }

  /**
   * The sessions of a user, the newest last, at most 100. Needs `index: true`; otherwise it is empty.
   * @example const devices = await sessions.list(userId)
   */
  list(userId: string): Promise<SessionInfo<T>[]> {
    return call(this.#sessions, 'list', json, userId)
  }
}

/** What a function returns, or `null` and what it throws. */
function outcomeOf<T>(run: () => T | null): [T | null, { thrown: unknown }?] {
  try {
    return [run()]
  } catch (thrown) {
    return [null, { thrown }]
  }
}
