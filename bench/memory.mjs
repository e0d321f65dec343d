// Memory mode: the time of a call on few and on many live entries, side by side.

import { startChild } from './child.mjs'
import { median } from './median.mjs'
import { progress } from './progress.mjs'

/** Stores by their name in the table, and the module that opens them. */
export const STORES = {
  redlatch: 'redlatch',
  'Map, swept on every call': 'swept-map',
  'lru-cache': 'lru-cache',
}

const CALLS = ['get', 'set']

/** For each number of entries and call, each store's microseconds a call. */
export async function measureMemory({ entries, rounds, milliseconds }) {
  const rows = []
  for (const count of entries) {
    const children = await fill(count)
    const times = await measure(children, { count, rounds, milliseconds })
    for (const { stop } of Object.values(children)) await stop()
    rows.push(...times)
  }
  return rows
}

async function fill(entries) {
  const children = {}
  for (const [name, module] of Object.entries(STORES)) {
    progress(`memory: filling ${name} with ${entries} entries`)
    children[name] = startChild('store-process.mjs')
    await children[name].ask('fill', { module, entries })
  }
  return children
}

async function measure(children, { count, rounds, milliseconds }) {
  const times = CALLS.map((call) => ({ entries: count, call, stores: {} }))
  for (let round = 0; round < rounds; round += 1) {
    for (const { call, stores } of times) {
      for (const [name, { ask }] of Object.entries(children)) {
        progress(`memory: round ${round + 1} of ${rounds}, ${call} on ${count} entries, ${name}`)
        const time = await ask('measure', { call, milliseconds })
        stores[name] = [...(stores[name] ?? []), time]
      }
    }
  }
  for (const { stores } of times) {
    for (const name of Object.keys(stores)) stores[name] = median(stores[name])
  }
  return times
}
