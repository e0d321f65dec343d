import { setTimeout as pause } from 'node:timers/promises'

/** Asks until `holds` says yes. For what another process or the clock decides; the test's timeout ends it. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(10)
}
