import { describe, expect, test } from '@jest/globals'

const { pauseAfter } = require('../../dist/wait.js') as typeof import('../../lib/wait')

/** How often a caller looks within `waitMs`, if requests take no time. */
function looks(waitMs: number, random: number): number {
  let count = 0
  for (let now = pauseAfter(0, random); now < waitMs; now += pauseAfter(now, random)) count += 1
  return count
}

describe('the pauses of a duplicate that waits for another process', () => {
  test('are 80 to 120 ms within the first second', () => {
    for (const waited of [0, 1, 99, 500, 999]) {
      expect(pauseAfter(waited, 0)).toBeCloseTo(80)
      expect(pauseAfter(waited, 1)).toBeCloseTo(120)
    }
  })

  test('are a tenth of the time waited after that, and at most a second, 20 % more or less', () => {
    expect(pauseAfter(5_000, 0.5)).toBeCloseTo(500)
    expect(pauseAfter(5_000, 0)).toBeCloseTo(400)
    expect(pauseAfter(60_000, 0.5)).toBeCloseTo(1_000)
    expect(pauseAfter(60_000, 1)).toBeCloseTo(1_200)
  })

  test('make 9 requests in a second, 34 in ten and 124 in a hundred', () => {
    const requests = [1_000, 10_000, 100_000].map((waitMs) => looks(waitMs, 0.5))

    expect(requests).toStrictEqual([9, 34, 124])
  })
})
