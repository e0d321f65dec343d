'use client'

import { useCallback, useEffect, useState } from 'react'
import type { Pulse } from '@/lib/pulse'

export const WINDOW_SECONDS = 30
const PAUSE_MS = 250

interface Seen {
  samples: Pulse[]
  visits: number
  failed: number
}

/** What the server's calls come to, four times a second, for as long as the page is open. */
export function usePulse(wasPluggedIn: boolean) {
  const [seen, setSeen] = useState<Seen>({ samples: [], visits: 0, failed: 0 })
  const [isIn, setIsIn] = useState(wasPluggedIn)

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    let isOpen = true
    const beat = async () => {
      const pulse = await ask<Pulse>('/api/demo/pulse').catch(() => null)
      if (!isOpen) return
      if (pulse) setSeen((before) => withPulse(before, pulse))
      timer = setTimeout(beat, PAUSE_MS)
    }
    beat()
    return () => {
      isOpen = false
      clearTimeout(timer)
    }
  }, [])

  const plug = useCallback(async (isIn: boolean) => {
    setIsIn(isIn)
    await ask('/api/demo/plug', { isIn }).catch(() => setIsIn(!isIn))
  }, [])

  return { ...seen, isIn, plug }
}

function withPulse({ samples, visits, failed }: Seen, pulse: Pulse): Seen {
  const start = pulse.at - WINDOW_SECONDS * 1000
  return {
    samples: [...samples.filter(({ at }) => at > start), pulse],
    visits: visits + pulse.visits,
    failed: failed + pulse.failed,
  }
}

async function ask<T>(path: string, body: object = {}): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path} answers ${response.status}`)
  return response.json()
}
