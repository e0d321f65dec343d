// A Map with an expiry for each entry, swept on every call: what a module written by hand does without Redis.

class SweptMap {
  #entries = new Map()

  #sweep() {
    const now = Date.now()
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt <= now) this.#entries.delete(key)
    }
  }

  async get(key) {
    this.#sweep()
    return this.#entries.get(key)?.value ?? null
  }

  async set(key, value, seconds) {
    this.#sweep()
    this.fill(key, value, seconds)
  }

  /** Stores without the sweep, or filling it up would take hours. */
  fill(key, value, seconds) {
    this.#entries.set(key, { value, expiresAt: Date.now() + seconds * 1000 })
  }
}

export const open = () => new SweptMap()
