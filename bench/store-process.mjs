// The process of one store in memory with so many live entries.

import { answerParent } from './answer.mjs'
import { text } from './values.mjs'

const TTL_SECONDS = 3600
// Prime, so that the calls go through all entries in no order that a processor's cache could follow.
const STRIDE = 7919

let store
let size
const value = text(100)

const makers = {
  get: (number) => store.get(`entry-${(number * STRIDE) % size}`),
  set: (number) => store.set(`entry-${(number * STRIDE) % size}`, value, TTL_SECONDS),
}

const actions = {
  async fill({ module, entries }) {
    size = entries
    store = (await import(`./stores/${module}.mjs`)).open(entries)
    for (let number = 0; number < entries; number += 1) {
      await store.fill(`entry-${number}`, value, TTL_SECONDS)
    }
    if ((await store.get('entry-0')) !== value) throw new Error(`${module} does not hold what was stored`)
  },

  /** Microseconds a call, awaited one by one: doubles the number of calls until they take long enough. */
  async measure({ call, milliseconds }) {
    const make = makers[call]
    for (let calls = 1; ; calls *= 2) {
      const started = performance.now()
      for (let number = 0; number < calls; number += 1) await make(number)
      const elapsed = performance.now() - started
      if (elapsed >= milliseconds) return (elapsed * 1000) / calls
    }
  },
}

answerParent(actions)
