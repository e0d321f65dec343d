// What the command line says.

import { parseArgs } from 'node:util'

import { kinds } from './faults.mjs'

/**
 * The length of the run, the seed that all its choices come from, and the kinds of faults. Throws on what it does not
 * know.
 */
export function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seconds: text, seed: text, only: text } })
  const seconds = wholeNumber('seconds', values.seconds ?? '60')
  if (seconds === 0) throw new Error('--seconds has to be at least 1')
  const seed = wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 32))
  return { seconds, seed, kinds: values.only ? someKinds(values.only.split(',')) : Object.keys(kinds) }
}

function wholeNumber(name, text) {
  const number = Number(text)
  if (text === '' || !Number.isInteger(number) || number < 0 || number >= 2 ** 32) {
    throw new Error(`--${name} takes a whole number below 2^32`)
  }
  return number
}

function someKinds(names) {
  const unknown = names.find((name) => !Object.hasOwn(kinds, name))
  if (unknown === undefined) return names
  throw new Error(`--only takes kinds of faults: ${Object.keys(kinds).join(', ')}; not ${unknown}`)
}
