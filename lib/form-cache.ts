import { addon } from './addon.js'
import { stringify } from './arguments.js'
import { call, callNow, json, none, raw, realm } from './calls.js'
import type { HealthCheck } from './health.js'

const forms = new addon.FormCache(realm)

/** The fields of a booking, which a submission has unless another type is named. */
export interface BookingFields {
  eventId: string
  guestEmail: string
  startTime: string
}

/** What every submission has, whatever its form is. */
export interface FormState {
  status: 'processing' | 'completed' | 'failed'
  /** When the status last changed, in Unix milliseconds. */
  timestamp: number
}

/**
 * A form submission: the fields of the form, and its state.
 * @example type ContactSubmission = FormSubmissionData<{ email: string; message: string }>
 */
export type FormSubmissionData<Fields extends object = BookingFields> = Fields & FormState

/**
 * A submission without its status, as it is claimed.
 * @example const claim: FormClaim<{ email: string }> = { email: 'guest@example.com', timestamp: Date.now() }
 */
export type FormClaim<Fields extends object = BookingFields> = Omit<Fields, 'status'> &
  Omit<FormState, 'status'>

/**
 * Stops a form from being submitted twice. `status` and `timestamp` are checked; all other fields are kept as they are.
 * Name the type of your form, as in `FormCache.get<ContactForm>(key)`: the default is a booking.
 * @see docs/forms.md
 */
export class FormCache {
  private constructor() {}

  /**
   * Stores a submission of another form than a booking. Name its type.
   * @example await FormCache.set<ContactForm>(key, { email, message, status: 'failed', timestamp: Date.now() })
   */
  static set<Fields extends object = never>(
    key: string,
    formData: FormSubmissionData<NoInfer<Fields>>,
    ttlSeconds?: number,
  ): Promise<void>
  /**
   * Stores a submission. To be the only one who processes it, use `tryAcquireProcessing`.
   * @default ttlSeconds 300
   * @example await FormCache.set(key, { eventId, guestEmail, startTime, status: 'processing', timestamp: Date.now() })
   */
  // It comes last, because `Parameters` and `jest.spyOn` see the last of several signatures.
  static set(key: string, formData: FormSubmissionData, ttlSeconds?: number): Promise<void>
  static set(key: string, formData: object, ttlSeconds?: number): Promise<void> {
    return call(forms, 'set', none, key, formData, ttlSeconds, stringify)
  }

  /**
   * The submission; `null` when it is absent, expired or corrupt. A corrupt entry is removed.
   * @example const submission = await FormCache.get(key)
   * @example const submission = await FormCache.get<ContactForm>(key)
   */
  static get<Fields extends object = BookingFields>(key: string): Promise<FormSubmissionData<Fields> | null> {
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
   * Claims a submission of another form than a booking. Name its type.
   * @example const isMine = await FormCache.tryAcquireProcessing<ContactForm>(key, { ...form, timestamp: Date.now() })
   */
  static tryAcquireProcessing<Fields extends object = never>(
    key: string,
    formData: FormClaim<NoInfer<Fields>>,
    ttlSeconds?: number,
  ): Promise<boolean>
  /**
   * Claims the submission: `true` for exactly one of any number of simultaneous callers, on any number of instances.
   * Any live entry blocks, also a completed or failed one.
   * @default ttlSeconds 300
   * @example if (!(await FormCache.tryAcquireProcessing(key, claim))) return new Response(null, { status: 409 })
   */
  static tryAcquireProcessing(key: string, formData: FormClaim, ttlSeconds?: number): Promise<boolean>
  static tryAcquireProcessing(key: string, formData: object, ttlSeconds?: number): Promise<boolean> {
    return call(forms, 'tryAcquireProcessing', raw, key, formData, ttlSeconds, stringify)
  }

  /**
   * Sets the status to `completed` and renews the timestamp, atomically. Nothing happens when there is no entry. Five
   * seconds absorb a double click without blocking an honest retry. Pass a longer TTL to block for longer.
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
   * A key of any parts, which no other parts have: `a+b@x.com` and `a.b@x.com` get different keys, and so do
   * `('a', 'b')` and `('ab')`. It holds the parts as they are, each with its length before it.
   * @example const key = FormCache.key('contact', email.trim().toLowerCase(), message)
   */
  static key(...parts: [string, ...string[]]): string {
    return callNow(() => addon.FormCache.key(parts))
  }

  /**
   * The key of a booking as the TypeScript module makes it. Different addresses can get the same key: `a+b@x.com` and
   * `a.b@x.com`. For new code, use `key`.
   *
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
