import { addon } from './addon.js'
import { stringify } from './arguments.js'
import { call, json, none, raw, realm } from './calls.js'
import type { HealthCheck } from './health.js'
import { type Parser, parsed } from './parser.js'
import type { RunContext, RunOptions, RunStatus } from './run-options.js'
import { run, runStatus } from './runs.js'

const results = new addon.IdempotencyCache(realm)

/**
 * Keeps the result of an API request by its idempotency key, so that a repeated request gets the same answer.
 * @see docs/idempotency.md
 */
export class IdempotencyCache {
  private constructor() {}

  /**
   * Does `work` once for `key`: exactly one caller of any number, on any number of instances, calls it, and all get its
   * result. A duplicate in this process joins; one elsewhere waits for `waitMs` and then rejects with
   * `ERR_IDEMPOTENCY_IN_PROGRESS`. An error of `work` frees the key, unless `onError` says otherwise.
   * @example const order = await IdempotencyCache.run(key, () => charge(cart), { fingerprint: cart })
   */
  static run<T>(
    key: string,
    work: (context: RunContext) => T | Promise<T>,
    options?: RunOptions,
  ): Promise<T> {
    return run(key, work, options)
  }

  /**
   * How the run of `key` stands. A result that was stored by `set` counts as done.
   * @example const { state } = await IdempotencyCache.status(key)
   */
  static status(key: string): Promise<RunStatus> {
    return runStatus(key)
  }

  /**
   * Stores `result` as JSON.
   * @default ttlSeconds 600
   * @example await IdempotencyCache.set(key, { url: session.url })
   */
  static set<T extends object = { url: string }>(key: string, result: T, ttlSeconds?: number): Promise<void> {
    return call(results, 'set', none, key, result, ttlSeconds, stringify)
  }

  /**
   * The result; `null` when it is absent, expired or corrupt. A corrupt entry is removed.
   * @example const result = await IdempotencyCache.get(key)
   */
  static get<T extends object = { url: string }>(key: string): Promise<T | null>
  /**
   * The result as `parse` returns it, which is given the stored one. A result for which `parse` throws reads as `null`
   * and stays stored. `parse` is a function or an object with that method, such as a schema of zod.
   * @example const order = await IdempotencyCache.get(key, z.object({ orderId: z.string() }))
   * @example const order = await IdempotencyCache.get(key, (value) => v.parse(OrderSchema, value))
   */
  static get<T>(key: string, parse: Parser<T>): Promise<T | null>
  static get<T>(key: string, parse?: Parser<T>): Promise<T | null> {
    return call(results, 'get', parsed(parse), key)
  }

  /**
   * Whether there is a result.
   * @example if (await IdempotencyCache.exists(key)) return new Response(null, { status: 409 })
   */
  static exists(key: string): Promise<boolean> {
    return call(results, 'exists', raw, key)
  }

  /**
   * Removes the result, and the outcome of a run.
   * @example await IdempotencyCache.delete(key)
   */
  static delete(key: string): Promise<void> {
    return call(results, 'delete', none, key)
  }

  /**
   * Whether calls are served as configured. Pings Redis, unless it is known to be unavailable. Never rejects.
   * @example const { status } = await IdempotencyCache.healthCheck()
   */
  static healthCheck(): Promise<HealthCheck> {
    return call(results, 'healthCheck', json)
  }
}
