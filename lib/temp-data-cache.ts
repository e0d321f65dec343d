import { addon } from './addon.js'
import { property, stringify } from './arguments.js'
import { call, json, none, raw, realm } from './calls.js'

const temp = new addon.TempDataCache(realm)

/** The key with which the hash of a code is made. */
export interface CodeSecret {
  /**
   * A text that only the servers know, the same for both calls. Without one, who reads the database can find a code by
   * trying all.
   */
  secret?: string | undefined
}

/** What a code is like. */
export interface CodeOptions extends CodeSecret {
  /**
   * From 4 to 12.
   * @default 6
   */
  digits?: number | undefined
  /**
   * How long the code lives, in seconds. A guess does not change that.
   * @default 600
   */
  ttlSeconds?: number | undefined
  /**
   * How many guesses there are, from 1 to 100.
   * @default 5
   */
  attempts?: number | undefined
}

/**
 * How a guess at a code ended. After `locked` the code is gone: that was the last guess. `absent` means that there is no
 * code, or not any more.
 */
export type CodeVerification<T> =
  | { ok: true; data: T }
  | { ok: false; reason: 'wrong' | 'locked' | 'absent'; attemptsLeft: number }

/**
 * Keeps data that is taken once: magic links, OAuth state, codes, the steps of a wizard. `kind` says what for, without a
 * colon. An id that has the form of a token, 43 characters of base64url, is stored under its SHA-256.
 * @see docs/one-time-data.md
 */
export class TempDataCache {
  private constructor() {}

  /**
   * Stores `data` as JSON, in the place of what is there.
   * @default ttlSeconds 900
   * @example await TempDataCache.put('oauth', state, { returnTo })
   */
  static put(kind: string, id: string, data: object, ttlSeconds?: number): Promise<void> {
    return call(temp, 'put', none, kind, id, data, ttlSeconds, stringify)
  }

  /**
   * The data, which stays; `null` when it is absent, expired or corrupt, or a code. A corrupt entry is removed. The id may
   * be any text, as from a link.
   * @example const login = await TempDataCache.peek('login', token)
   */
  static peek<T extends object>(kind: string, id: string): Promise<T | null> {
    return call(temp, 'peek', json, kind, id)
  }

  /**
   * The data, which exactly one caller gets, on any number of instances; `null` when it is absent, expired or corrupt. A
   * code is removed, too, and reads as `null`. The id may be any text. Rejects with `ERR_REDIS_UNAVAILABLE` when the answer
   * is lost: nobody can tell then whether this call has taken it.
   * @example const login = await TempDataCache.take('login', token)
   */
  static take<T extends object>(kind: string, id: string): Promise<T | null> {
    return call(temp, 'take', json, kind, id)
  }

  /**
   * Removes data or a code.
   * @example await TempDataCache.delete('login', token)
   */
  static delete(kind: string, id: string): Promise<void> {
    return call(temp, 'delete', none, kind, id)
  }

  /**
   * Stores `data` under a new token of 256 random bits, as base64url. `peek`, `take` and `delete` take it for an id. Redis
   * gets its SHA-256 only.
   * @default ttlSeconds 900
   * @example const token = await TempDataCache.createToken('login', { email })
   */
  static createToken(kind: string, data: object, ttlSeconds?: number): Promise<string> {
    return call(temp, 'createToken', raw, kind, data, ttlSeconds, stringify)
  }

  /**
   * Stores `data`, by default `{}`, under a new code of random digits, in the place of the code before. Redis gets its
   * HMAC-SHA-256 only.
   * @example const code = await TempDataCache.createCode('login', email, { returnTo }, { secret })
   */
  static createCode(kind: string, id: string, data: object = {}, options?: CodeOptions): Promise<string> {
    return call(temp, 'createCode', raw, kind, id, data, options, stringify, property)
  }

  /**
   * Takes the data of a code, which exactly one caller gets, if `code` is that. Otherwise one attempt less is left; guesses
   * at the same time are counted one by one. `id` and `code` may be any text. Rejects like `take`.
   * @example const result = await TempDataCache.verifyCode('login', email, code, { secret })
   */
  static verifyCode<T extends object>(
    kind: string,
    id: string,
    code: string,
    options?: CodeSecret,
  ): Promise<CodeVerification<T>> {
    return call(temp, 'verifyCode', json, kind, id, code, options, property)
  }
}
