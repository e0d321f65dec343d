import { addon } from './addon.js'
import { elements, property } from './arguments.js'
import { call, callNow, close, configure, json, none, open, raw, realm, subscribe } from './calls.js'
import type { RedisHealthCheck } from './health.js'
import type { CacheStats, Metrics, StateChange, StateListenerOptions } from './metrics.js'
import type { RedlatchOptions } from './options.js'
import { afterWork } from './runs.js'

const manager = new addon.RedisManager(realm)

/**
 * String keys with TTLs, on Redis or in memory.
 *
 * An expired key is absent in every respect. Calls reject with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for a
 * wrong argument, with `ERR_REDIS_REPLY` when Redis refuses the command and with `ERR_FALLBACK_FULL` when memory is
 * full. An outage is no error: memory takes over, unless `onOutage` says otherwise. Keys are at most 32 KiB long in
 * UTF-8.
 *
 * @see docs/redis-manager.md
 */
export class RedisManager {
  /**
   * Stores `value`. Without `expirationSeconds` it stays until it is deleted.
   * @example await redisManager.set('greeting', 'hello', 60)
   */
  set(key: string, value: string, expirationSeconds?: number): Promise<void> {
    return call(manager, 'set', none, key, value, expirationSeconds)
  }

  /**
   * The stored text, unchanged; `null` when the key is absent.
   * @example const greeting = await redisManager.get('greeting')
   */
  get(key: string): Promise<string | null> {
    return call(manager, 'get', raw, key)
  }

  /**
   * Removes `key`, if it exists.
   * @example await redisManager.del('greeting')
   */
  del(key: string): Promise<void> {
    return call(manager, 'del', none, key)
  }

  /**
   * Whether `key` exists.
   * @example if (await redisManager.exists('maintenance')) return new Response(null, { status: 503 })
   */
  exists(key: string): Promise<boolean> {
    return call(manager, 'exists', raw, key)
  }

  /**
   * Stores `value` unless the key exists; `true` if this call created it. Atomic.
   * @example const isFirst = await redisManager.setNx(`welcome:${userId}`, 'sent', 86_400)
   */
  setNx(key: string, value: string, expirationSeconds: number): Promise<boolean> {
    return call(manager, 'setNx', raw, key, value, expirationSeconds)
  }

  /**
   * Adds `increment` to a whole number that starts at 0, and resolves to the sum. Atomic; the key keeps its TTL. The
   * stored number is exact up to 64 bits; a result above 2^53 is rounded like any JavaScript number.
   * @default increment 1
   * @example const visits = await redisManager.incr('visits')
   */
  incr(key: string, increment?: number): Promise<number> {
    return call(manager, 'incr', raw, key, increment)
  }

  /**
   * Gives `key` a new TTL; `false` when there is no such key.
   * @example await redisManager.expire('greeting', 3600)
   */
  expire(key: string, seconds: number): Promise<boolean> {
    return call(manager, 'expire', raw, key, seconds)
  }

  /**
   * The values of `keys`, in the same order, in one request.
   * @example const [name, email] = await redisManager.mget(['name', 'email'])
   */
  mget(keys: string[]): Promise<(string | null)[]> {
    return call(manager, 'mget', json, keys, elements)
  }

  /**
   * Stores `value` until `expiresAt`, in Unix milliseconds. A time in the past removes the key.
   * @example await redisManager.setWithTimestamp('session', id, session.expires.getTime())
   */
  setWithTimestamp(key: string, value: string, expiresAt: number): Promise<void> {
    return call(manager, 'setWithTimestamp', none, key, value, expiresAt)
  }

  /**
   * Whether calls are served as configured. Pings Redis, unless it is known to be unavailable. Never rejects.
   * @example const { status, code } = await redisManager.healthCheck()
   */
  healthCheck(): Promise<RedisHealthCheck> {
    return call(manager, 'healthCheck', json)
  }

  /**
   * Where values go and how many only memory holds. Needs no request.
   * @example const { cacheType } = redisManager.getCacheStats()
   */
  getCacheStats(): CacheStats {
    open()
    return JSON.parse(manager.getCacheStats())
  }

  /**
   * What has been counted and measured, as an object or as text for Prometheus. Needs no request.
   * @default options.format 'json'
   * @example const { pendingWrites } = redisManager.getMetrics()
   * @example return new Response(redisManager.getMetrics({ format: 'prometheus' }))
   */
  getMetrics(options?: { format?: 'json' | undefined }): Metrics
  getMetrics(options: { format: 'prometheus' }): string
  getMetrics(options?: { format?: 'json' | 'prometheus' | undefined }): Metrics | string {
    open()
    const report = callNow(() => manager.getMetrics(options, property))
    return report.startsWith('{') ? JSON.parse(report) : report
  }

  /**
   * Waits until all writes buffered during an outage are replayed, at most `timeoutMs`. Resolves to the number still
   * pending. Use it in a graceful shutdown.
   * @default timeoutMs 5000
   * @example if ((await redisManager.drain()) > 0) console.warn('some writes have not reached Redis')
   */
  drain(timeoutMs?: number): Promise<number> {
    return call(manager, 'drain', raw, timeoutMs)
  }

  /**
   * Calls `listener` when the state of Redis changes, instead of logging the change; returns a function that ends this.
   * A listener does not keep the process running, and what it throws is logged. With a name, it replaces the earlier
   * listener of that name.
   * @example const stop = redisManager.onStateChange(({ to, reason }) => alert(`Redis is ${to}: ${reason}`))
   * @example redisManager.onStateChange(report, { name: 'report' })
   */
  onStateChange(listener: (change: StateChange) => void, options?: StateListenerOptions): () => void {
    return subscribe(listener, options)
  }

  /**
   * Replaces the settings in code; without `options`, only the environment counts. The next call uses the new settings;
   * pending calls finish with the old ones. Throws on a wrong option.
   * @example redisManager.configure({ timeoutMs: 500, onOutage: { idempotency: 'reject' } })
   */
  configure(options?: RedlatchOptions): void {
    configure(options)
  }

  /**
   * Waits for pending calls and for the work of runs and locks, then closes connections, stops the I/O thread and clears
   * memory. If worker threads share the settings, the last one to close does this. The next call starts anew and reads
   * the environment again.
   * @example process.once('SIGTERM', () => redisManager.close())
   */
  close(): Promise<void> {
    return afterWork(close)
  }
}

/**
 * The manager of this process.
 * @see docs/redis-manager.md
 */
export const redisManager = new RedisManager()
