'use client'

import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import type { Pulse } from '@/lib/pulse'
import 'uplot/dist/uPlot.min.css'
import { chartOptions } from './chart-options'
import { useColorScheme } from './use-color-scheme'

interface Props {
  title: string
  samples: Pulse[]
  pick: (pulse: Pulse) => number
  format: (value: number) => string
  /** What the vertical axis reaches at least. */
  atLeast: number
  isFilled?: boolean
}

/** The last seconds of one figure as a line, with outages shaded. A picture to a screen reader, with its latest value. */
export function LiveChart({ title, samples, pick, format, atLeast, isFilled = false }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const shown = useRef(samples)
  const scheme = useColorScheme()
  shown.current = samples

  useEffect(() => {
    const element = place.current
    if (!element) return
    const options = chartOptions({
      width: element.clientWidth,
      samples: () => shown.current,
      format,
      atLeast,
      isFilled,
    })
    const made = new uPlot(options, toData(shown.current, pick), element)
    chart.current = made
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: options.height }),
    )
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [scheme])

  useEffect(() => chart.current?.setData(toData(samples, pick)), [samples, pick])

  const latest = samples.at(-1)
  const value = latest ? format(pick(latest)) : ''
  return (
    <figure className="chart">
      <figcaption>
        {title} <strong>{value}</strong>
      </figcaption>
      <div ref={place} role="img" aria-label={`Line chart of: ${title}. Now ${value}.`} />
    </figure>
  )
}

function toData(samples: Pulse[], pick: (pulse: Pulse) => number): uPlot.AlignedData {
  return [samples.map(({ at }) => at / 1000), samples.map(pick)]
}
