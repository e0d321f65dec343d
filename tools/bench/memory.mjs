// Memory mode: the time of a call with few and with many live entries, side by side, each store in its own process.

import { LRUCache } from 'lru-cache'

import { loadPackage } from '../package.mjs'
import { OTHER_BUILD, PACKAGE, text } from './clients.mjs'
import { median } from './figures.mjs'
import { progress, serveParent, startProcess } from './processes.mjs'

export const SWEPT_MAP = 'Map, swept on every call'
export const LRU_CACHE = 'lru-cache'

const TTL_SECONDS = 3600
// A prime, so that the calls go through all entries in an order that a processor's cache cannot follow.
const STRIDE = 7919

/** For each number of entries and call, each store's microseconds a call. */
export async function measureMemory({ entries, stores, calls, rounds, milliseconds }, folders = {}) {
  const rows = []
  for (const count of entries) {
    const processes = await fill(stores, count, folders)
    const times = calls.map((call) => ({ entries: count, call, stores: {} }))
    for (let round = 0; round < rounds; round += 1) {
      for (const time of times) {
        progress(`memory: round ${round + 1} of ${rounds}, ${time.call} with ${count} entries`)
        await measureOnce(time, round, processes, milliseconds)
      }
    }
    for (const { stop } of processes.values()) await stop()
    rows.push(...times.map(withMedians))
  }
  return rows
}

async function fill(stores, entries, folders) {
  const processes = new Map()
  for (const name of stores) {
    progress(`memory: filling ${name} with ${entries} entries`)
    const child = startProcess(import.meta.url)
    processes.set(name, child)
    await child.ask('fill', { name, entries, folder: folders[name] })
  }
  return processes
}

async function measureOnce({ call, stores }, round, processes, milliseconds) {
  const names = [...processes.keys()]
  for (const place of names.keys()) {
    const name = names[(place + round) % names.length]
    const time = await processes.get(name).ask('measure', { call, milliseconds })
    stores[name] = [...(stores[name] ?? []), time]
  }
}

function withMedians({ stores, ...row }) {
  const times = Object.entries(stores).map(([name, all]) => [name, median(all)])
  return { ...row, stores: Object.fromEntries(times) }
}

const openers = {
  [PACKAGE]: openRedlatch,
  [OTHER_BUILD]: openRedlatch,
  [SWEPT_MAP]: () => new SweptMap(),
  [LRU_CACHE]: openLruCache,
}

/** This package without Redis, with limits that hold all entries. */
function openRedlatch(entries, folder) {
  const { redisManager } = loadPackage(folder)
  redisManager.configure({
    memory: { maxEntries: 2 * entries, maxBytes: Math.max(2 ** 26, 1024 * entries) },
  })
  return {
    get: (key) => redisManager.get(key),
    set: (key, value, seconds) => redisManager.set(key, value, seconds),
    fill: (key, value, seconds) => redisManager.set(key, value, seconds),
  }
}

/** Its functions are asynchronous, as they must be where Redis may take its place. */
function openLruCache(entries) {
  const cache = new LRUCache({ max: 2 * entries })
  return {
    get: async (key) => cache.get(key) ?? null,
    set: async (key, value, seconds) => {
      cache.set(key, value, { ttl: seconds * 1000 })
    },
    fill: (key, value, seconds) => cache.set(key, value, { ttl: seconds * 1000 }),
  }
}

/** A Map with expiring entries that is swept on every call, as a module written by hand does it. */
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

  /** Stores without the sweep, because filling would take hours with it. */
  fill(key, value, seconds) {
    this.#entries.set(key, { value, expiresAt: Date.now() + seconds * 1000 })
  }
}

const value = text(100)
let store
let size

const makers = {
  get: (number) => store.get(`entry-${(number * STRIDE) % size}`),
  set: (number) => store.set(`entry-${(number * STRIDE) % size}`, value, TTL_SECONDS),
}

serveParent(import.meta.url, {
  async fill({ name, entries, folder }) {
    size = entries
    store = openers[name](entries, folder)
    for (let number = 0; number < entries; number += 1) {
      await store.fill(`entry-${number}`, value, TTL_SECONDS)
    }
    if ((await store.get('entry-0')) !== value) throw new Error(`${name} does not hold what was stored`)
  },

  /** Microseconds a call, awaited one by one. Doubles the number of calls until they take long enough. */
  async measure({ call, milliseconds }) {
    const make = makers[call]
    for (let calls = 1; ; calls *= 2) {
      const started = performance.now()
      for (let number = 0; number < calls; number += 1) await make(number)
      const elapsed = performance.now() - started
      if (elapsed >= milliseconds) return (elapsed * 1000) / calls
    }
  },
})
