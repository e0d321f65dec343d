// A claim is never granted twice while it lives: not within a process, nor across processes that both reach Redis.

import { EXPIRY_TOLERANCE_MS } from '../circumstances.mjs'
import { byKey } from './by-key.mjs'
import { violation } from './violation.mjs'

export const title = 'a claim is granted once'

export function check(run) {
  const calls = run.clients.flatMap(({ calls }) => calls.filter(({ area }) => area === 'claim'))
  run.figures.grants = calls.filter(({ op, answer }) => op === 'claim' && answer).length
  return [...byKey(calls).values()].flatMap((ofKey) => {
    ofKey.sort((a, b) => a.start - b.start)
    return new Claims(run, ofKey).violations()
  })
}

class Claims {
  #run
  #calls
  #grants
  #ends

  constructor(run, calls) {
    this.#run = run
    this.#calls = calls
    this.#grants = calls.filter(({ op, answer }) => op === 'claim' && answer)
    // What ends a claim may do so late, when it was acknowledged by memory and replayed.
    this.#ends = calls
      .filter(({ op }) => op === 'letGo')
      .map((call) => ({ start: call.start, settled: this.#settled(call) }))
  }

  violations() {
    return this.#grants.flatMap((first, index) => {
      const certainUntil = this.#certainUntil(first)
      const again = this.#grants
        .slice(index + 1)
        .find((other) => other.end < certainUntil && this.#isForbidden(first, other))
      if (!again) return []
      const expected = `no grant, because ${first.token} lives`
      return [violation({ title, call: again, expected, calls: this.#calls })]
    })
  }

  /** Until when a claim lives for sure. */
  #certainUntil({ start, ttl }) {
    const ends = this.#ends.filter(({ settled }) => settled >= start).map((end) => end.start)
    const losses = this.#run.losses.filter(({ to }) => to >= start).map(({ from }) => from)
    return Math.min(start + ttl * 1_000 - EXPIRY_TOLERANCE_MS, ...ends, ...losses)
  }

  #isForbidden(first, other) {
    const { circumstances } = this.#run
    const isInRedis = circumstances.hasReachedRedis(first)
    if (!isInRedis && this.#hasRival(first, other)) return false
    if (first.client === other.client) return true
    const known = isInRedis ? first.start : circumstances.settled(first.client, first.end)
    return known < other.start && circumstances.hasReachedRedis(other)
  }

  /** Whether the other process had a claim that may have kept this one out of Redis. */
  #hasRival(grant, until) {
    return this.#grants.some(
      ({ client, start, end, ttl }) =>
        client !== grant.client &&
        start <= until.end &&
        start < this.#run.circumstances.settled(grant.client, grant.end) &&
        end + ttl * 1_000 + EXPIRY_TOLERANCE_MS >= grant.start,
    )
  }

  #settled(call) {
    const { circumstances } = this.#run
    return circumstances.hasReachedRedis(call) ? call.end : circumstances.settled(call.client, call.end)
  }
}
