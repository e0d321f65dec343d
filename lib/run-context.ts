import { addon } from './addon.js'
import { call, raw, realm } from './calls.js'
import { IdempotencyError } from './idempotency-error.js'
import type { RunContext } from './run-options.js'

export const runs = new addon.Runs(realm)

/** What the core says of a run or a lock that begins. */
export interface Run {
  state: 'run'
  owner: string
  fence?: number
  /** How long it may last, if the core does not watch its time: on memory there is no thread that could. */
  untimedMs?: number
}

/** What the work is given. Its signal is made when it is first read, because most work never does. */
export class WorkContext implements RunContext {
  readonly key: string
  declare readonly fence?: number
  readonly #run: Run
  readonly #startedAt: number
  #controller: AbortController | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(key: string, run: Run) {
    this.key = key
    if (run.fence !== undefined) this.fence = run.fence
    this.#run = run
    this.#startedAt = run.untimedMs === undefined ? 0 : performance.now()
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#watchedController()
    return this.#controller.signal
  }

  #watchedController(): AbortController {
    const controller = new AbortController()
    const abort = () => controller.abort(new IdempotencyError('ERR_LEASE_LOST'))
    const { owner, untimedMs } = this.#run
    if (untimedMs === undefined) {
      const ended: Promise<boolean> = call(runs, 'ended', raw, owner)
      ended.then((isOver) => isOver || abort(), abort)
    } else {
      this.#timer = setTimeout(abort, this.#startedAt + untimedMs - performance.now())
      this.#timer.unref()
    }
    return controller
  }

  /** The work has ended. */
  end(): void {
    clearTimeout(this.#timer)
  }
}
