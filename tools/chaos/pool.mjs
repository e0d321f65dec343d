// What the processes of a run have told each other: the latest sessions, or the latest entries of one-time data.

export class Pool {
  #latest = []
  #most
  #tell

  /** Keeps the latest `most`. `tell` is called with what this process adds itself. */
  constructor(most, tell) {
    this.#most = most
    this.#tell = tell
  }

  /** Adds what this process has made, and tells the others. */
  share(one) {
    this.add(one)
    this.#tell(one)
  }

  add(one) {
    this.#latest.push(one)
    if (this.#latest.length > this.#most) this.#latest.shift()
  }

  /** `undefined` if there is none. */
  pick(random) {
    return this.#latest.length === 0 ? undefined : random.pick(this.#latest)
  }
}
