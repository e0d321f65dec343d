import type { OutagePolicy } from './options.js'

/** What the work of a run or of a lock is given. */
export interface RunContext {
  /** The key or the name. */
  readonly key: string
  /** Aborts when another may hold the lease, or `maxRunMs` is over. Its reason has the code `ERR_LEASE_LOST`. */
  readonly signal: AbortSignal
  /** With `fencing`, a number that grows with every run of the key: a database can refuse a lower one. */
  readonly fence?: number
}

/** The options that a run and a lock share. */
export interface LockOptions {
  /**
   * How long a holder that has crashed still counts, in milliseconds. It is renewed every third of it.
   * @default 30000
   */
  leaseMs?: number | undefined
  /**
   * How long the work may take, in milliseconds. Then the lease is not renewed any more.
   * @default 300000
   */
  maxRunMs?: number | undefined
  /**
   * How long a caller waits for another one, in milliseconds; 0 rejects at once.
   * @default 10000
   */
  waitMs?: number | undefined
  /**
   * Whether to count the runs of the key, for `context.fence`.
   * @default false
   */
  fencing?: boolean | undefined
  /** What happens while Redis cannot be used. By default, what `configure` says for `idempotency`. */
  onOutage?: OutagePolicy | undefined
}

/** The options of a run. */
export interface RunOptions extends LockOptions {
  /**
   * How long the outcome is kept, in seconds.
   * @default 86400
   */
  ttlSeconds?: number | undefined
  /** What tells this request from another one with the same key: a text, or an object, which is compared by its JSON. */
  fingerprint?: string | object | undefined
  /**
   * What an error of the work means: the next caller runs again, or it is the outcome.
   * @default 'release'
   */
  onError?: 'release' | 'store' | ((error: unknown) => 'release' | 'store') | undefined
  /**
   * What the end of a process in the middle of the work means: the next caller runs again once the lease is over, or nobody
   * does before `ttlSeconds` are.
   * @default 'rerun'
   */
  onCrash?: 'rerun' | 'block' | undefined
}

/** How the run of a key stands. */
export interface RunStatus {
  state: 'absent' | 'running' | 'done' | 'failed'
  /** When the work began, in Unix milliseconds. */
  startedAt?: number
}
