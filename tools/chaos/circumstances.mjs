// Under which circumstances a call was made, as the checks have to know them.

/** How far from its expiry an entry may be there or not. */
export const EXPIRY_TOLERANCE_MS = 1_000
/** For a client to notice that connections have been closed. */
const AFTERMATH_MS = 250

export class Circumstances {
  #run
  #calm

  constructor(run) {
    this.#run = run
    this.#calm = run.clients.map(({ samples }) =>
      samples.filter(({ available, pending }) => available && pending === 0).map(({ at }) => at),
    )
  }

  /** When everything that a client had acknowledged until `moment` was in Redis. */
  settled(client, moment) {
    const times = this.#calm[client]
    let [low, high] = [0, times.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (times[middle] > moment) high = middle
      else low = middle + 1
    }
    return times[low] ?? this.#run.finishedAt
  }

  /** Whether Redis may have executed a call, or its replay, without the client's knowing so. */
  isAmbiguous(call) {
    if (this.#tookTooLong(call)) return true
    const until = this.settled(call.client, call.end)
    return this.#run.windows.some(
      (window) =>
        window.targets.includes(call.client) && window.from < until && ambiguousUntil(window) > call.start,
    )
  }

  /** Whether a call certainly was answered by Redis. */
  hasReachedRedis(call) {
    if (!call.before || !call.after || this.#tookTooLong(call)) return false
    return !this.#run.windows.some(
      ({ targets, from, to }) =>
        targets.includes(call.client) && from < call.end && to + AFTERMATH_MS > call.start,
    )
  }

  /** How long a call took, without the time in which its process stood still. */
  milliseconds({ client, start, end }) {
    let milliseconds = end - start
    for (const { from, to } of this.#run.clients[client].stalls) {
      milliseconds -= Math.max(0, Math.min(end, to) - Math.max(start, from))
    }
    return milliseconds
  }

  #tookTooLong({ start, end }) {
    return end - start >= this.#run.timeoutMs
  }
}

/** A clean fault is ambiguous only for what was under way when it began. */
function ambiguousUntil({ isClean, inForce, to }) {
  return (isClean ? inForce : to) + AFTERMATH_MS
}
