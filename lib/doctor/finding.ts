// What a check has found. Messages never hold a value of the environment: reports are pasted into issues.

/** The result of one check. */
export interface Finding {
  check: string
  status: 'ok' | 'warning' | 'problem' | 'skipped'
  message: string
  /** What to do about it. */
  remedy?: string
}

/** Nothing to do. */
export const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message })

/** It works, but not as well as it could. */
export const warning = (check: string, message: string, remedy: string): Finding => ({
  check,
  status: 'warning',
  message,
  remedy,
})

/** It does not work. */
export const problem = (check: string, message: string, remedy: string): Finding => ({
  check,
  status: 'problem',
  message,
  remedy,
})

/** There is nothing to check. */
export const skipped = (check: string, message: string): Finding => ({ check, status: 'skipped', message })
