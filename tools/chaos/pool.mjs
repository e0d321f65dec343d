// What the processes of a run have told each other: the latest sessions, or the latest entries of one-time data.

/** How many times as many are kept as are in use: they outlive a fault. */
const KEPT = 10

export class Pool {
  #latest = []
  #inUse
  #tell

  /** The latest `inUse` are picked most of the time. `tell` is called with what this process adds itself. */
  constructor(inUse, tell) {
    this.#inUse = inUse
    this.#tell = tell
  }

  /** Adds what this process has made, and tells the others. */
  share(one) {
    this.add(one)
    this.#tell(one)
  }

  add(one) {
    this.#latest.push(one)
    if (this.#latest.length > this.#inUse * KEPT) this.#latest.shift()
  }

  /** `undefined` if there is none. */
  pick(random) {
    if (this.#latest.length === 0) return undefined
    return random.pick(random.once(4) ? this.#latest : this.#latest.slice(-this.#inUse))
  }
}
