// Random choices that a seed repeats, by mulberry32. Its 32 bits of state are enough to vary a run.

export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** A number from 0 up to, but not including, 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let bits = this.#state
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `least` to `most`, both included. */
  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick(list) {
    return list[this.between(0, list.length - 1)]
  }

  /** `true` once in `times`. */
  once(times) {
    return this.between(1, times) === 1
  }

  shuffled(list) {
    const left = [...list]
    return list.map(() => left.splice(this.between(0, left.length - 1), 1)[0])
  }

  /** A separate generator, so that users do not affect each other's choices. */
  fork() {
    return new Random(this.between(0, 2 ** 32 - 1))
  }
}
