'use strict'

// What a check has found. Messages never hold a value of the environment: reports are pasted into issues.

/** Nothing to do. */
const ok = (check, message) => ({ check, status: 'ok', message })

/** It works, but not as well as it could. */
const warning = (check, message, remedy) => ({ check, status: 'warning', message, remedy })

/** It does not work. */
const problem = (check, message, remedy) => ({ check, status: 'problem', message, remedy })

/** There is nothing to check. */
const skipped = (check, message) => ({ check, status: 'skipped', message })

module.exports = { ok, warning, problem, skipped }
