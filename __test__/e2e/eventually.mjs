import { setTimeout as pause } from 'node:timers/promises'

/** Asks until `holds` says yes; the test's timeout ends it. */
export async function eventually(holds) {
  while (!(await holds())) await pause(25)
}
