// What the command line says.

import { parseArgs } from 'node:util'

/** The length of the run and the seed that all its choices come from. Throws on what it does not know. */
export function readOptions() {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } })
  const seconds = wholeNumber('seconds', values.seconds ?? '60')
  if (seconds === 0) throw new Error('--seconds has to be at least 1')
  return { seconds, seed: wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 32)) }
}

function wholeNumber(name, text) {
  const number = Number(text)
  if (text === '' || !Number.isInteger(number) || number < 0 || number >= 2 ** 32) {
    throw new Error(`--${name} takes a whole number below 2^32`)
  }
  return number
}
