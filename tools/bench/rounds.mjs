// Measuring in turn, so that what else the machine does meets all alike.

import { medians } from './figures.mjs'

/** Measures each row once in every round, and adds the medians of its figures to it. */
export async function inRounds(rows, rounds, measure) {
  const figures = rows.map(() => [])
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < rows.length; turn += 1) {
      // Each round begins with another one, so that none always follows the same other one.
      const place = (turn + round) % rows.length
      figures[place].push(await measure(rows[place], `round ${round + 1} of ${rounds}`))
    }
  }
  return rows.map((row, place) => ({ ...row, figures: medians(figures[place]) }))
}
