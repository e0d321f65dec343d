import { addon } from './addon.js'
import { stringify } from './arguments.js'
import { call, callNow, json, none, raw, realm } from './calls.js'
import type { HealthCheck } from './health.js'

const forms = new addon.FormCache(realm)

/** A form submission. */
export interface FormSubmissionData {
  eventId: string
  guestEmail: string
  startTime: string
  status: 'processing' | 'completed' | 'failed'
  /** When the status last changed, in Unix milliseconds. */
  timestamp: number
}

/**
 * Stops a form from being submitted twice.
 * @see docs/forms.md
 */
export class FormCache {
  private constructor() {}

  /**
   * Stores a submission. To be the only one who processes it, use `tryAcquireProcessing`.
   * @default ttlSeconds 300
   * @example await FormCache.set(key, { eventId, guestEmail, startTime, status: 'processing', timestamp: Date.now() })
   */
  static set(key: string, formData: FormSubmissionData, ttlSeconds?: number): Promise<void> {
    return call(forms, 'set', none, key, formData, ttlSeconds, stringify)
  }

  /**
   * The submission; `null` when it is absent, expired or corrupt. A corrupt entry is removed.
   * @example const submission = await FormCache.get(key)
   */
  static get(key: string): Promise<FormSubmissionData | null> {
    return call(forms, 'get', json, key)
  }

  /**
   * Whether the entry's status is `processing`.
   * @example if (await FormCache.isProcessing(key)) return new Response(null, { status: 409 })
   */
  static isProcessing(key: string): Promise<boolean> {
    return call(forms, 'isProcessing', raw, key)
  }

  /**
   * Claims the submission: `true` for exactly one of any number of simultaneous callers, on any number of instances.
   * Any live entry blocks, also a completed or failed one.
   * @default ttlSeconds 300
   * @example if (!(await FormCache.tryAcquireProcessing(key, claim))) return new Response(null, { status: 409 })
   */
  static tryAcquireProcessing(
    key: string,
    formData: Omit<FormSubmissionData, 'status'>,
    ttlSeconds?: number,
  ): Promise<boolean> {
    return call(forms, 'tryAcquireProcessing', raw, key, formData, ttlSeconds, stringify)
  }

  /**
   * Sets the status to `completed` and renews the timestamp, atomically. Nothing happens when there is no entry. Five
   * seconds absorb a double click without blocking an honest retry.
   * @default ttlSeconds 5
   * @example await FormCache.markCompleted(key)
   */
  static markCompleted(key: string, ttlSeconds?: number): Promise<void> {
    return call(forms, 'markCompleted', none, key, ttlSeconds)
  }

  /**
   * Sets the status to `failed` and renews the timestamp, atomically. Nothing happens when there is no entry.
   * @default ttlSeconds 300
   * @example await FormCache.markFailed(key)
   */
  static markFailed(key: string, ttlSeconds?: number): Promise<void> {
    return call(forms, 'markFailed', none, key, ttlSeconds)
  }

  /**
   * Gives the submission a new TTL, for one that takes longer than expected; `false` when there is none. The status
   * stays.
   * @default ttlSeconds 300
   * @example if (!(await FormCache.extend(key, 600))) throw new Error('the submission has expired')
   */
  static extend(key: string, ttlSeconds?: number): Promise<boolean> {
    return call(forms, 'extend', raw, key, ttlSeconds)
  }

  /**
   * Removes the submission.
   * @example await FormCache.delete(key)
   */
  static delete(key: string): Promise<void> {
    return call(forms, 'delete', none, key)
  }

  /**
   * `${eventId}-${guestEmail}-${startTime}`, the e-mail trimmed and lower-cased, then every UTF-16 unit outside
   * `A-Z a-z 0-9 - _` replaced by `_`.
   * @example const key = FormCache.generateKey('evt_1', 'guest@example.com', '2026-01-01T10:00:00Z')
   */
  static generateKey(eventId: string, guestEmail: string, startTime: string): string {
    return callNow(() => addon.FormCache.generateKey(eventId, guestEmail, startTime))
  }

  /**
   * Whether calls are served as configured. Pings Redis, unless it is known to be unavailable. Never rejects.
   * @example const { status } = await FormCache.healthCheck()
   */
  static healthCheck(): Promise<HealthCheck> {
    return call(forms, 'healthCheck', json)
  }
}
