// Follows the environment during development: `next dev` reads .env.local again when it has changed, and goes on with
// the same process. In production the environment of a process stays as it is.

const NAMES = [
  'UPSTASH_REDIS_REST_URL',
  'UPSTASH_REDIS_REST_TOKEN',
  'KV_REST_API_URL',
  'KV_REST_API_TOKEN',
  'DISABLE_REDIS',
]

let known: (string | undefined)[] = []

const values = () => NAMES.map((name) => process.env[name])

/** Remembers the environment; returns whether it is worth a look later. */
export function rememberEnvironment(): boolean {
  if (process.env.NODE_ENV !== 'development') return false
  known = values()
  return true
}

/** The names of the variables that have changed since they were remembered. */
export function changedVariables(): string[] {
  const present = values()
  return NAMES.filter((_, i) => present[i] !== known[i])
}
