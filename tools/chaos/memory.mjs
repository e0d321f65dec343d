// Resident memory of this process, as far as it tells whether something is kept.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'

/** Without V8's space for new objects, which doubles now and then whatever the code does. */
export async function residentMb() {
  for (let times = 0; times < 5; times += 1) {
    globalThis.gc()
    await nextTurn()
  }
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith('new_'))
  const young = spaces.reduce((sum, space) => sum + space.physical_space_size, 0)
  return (process.memoryUsage.rss() - young) / 2 ** 20
}
