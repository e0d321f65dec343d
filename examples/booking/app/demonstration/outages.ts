import type { Pulse } from '@/lib/pulse'

export interface Outage {
  from: number
  to: number
}

/** When Redis did not answer, in Unix milliseconds. One that has not ended reaches to the latest sample. */
export function outages(samples: Pulse[]): Outage[] {
  const found: Outage[] = []
  let open: Outage | null = null
  for (const { at, isPlugged, isOutage } of samples) {
    if (open) open.to = at
    if (isPlugged && !isOutage) open = null
    else if (!open) {
      open = { from: at, to: at }
      found.push(open)
    }
  }
  return found
}
