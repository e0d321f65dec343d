import type uPlot from 'uplot'
import type { Pulse } from '@/lib/pulse'
import { outages } from './outages'
import { WINDOW_SECONDS } from './use-pulse'

interface Look {
  width: number
  samples: () => Pulse[]
  format: (value: number) => string
  atLeast: number
  isFilled: boolean
}

const HEIGHT = 130
const FONT = '12px system-ui, sans-serif'
const STEP_SECONDS = 10

const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)

/** How the charts look, in the colours of the page. */
export function chartOptions({
  width,
  samples,
  format,
  atLeast,
  isFilled,
}: Look): uPlot.Options & { height: number } {
  const axis = { stroke: color('soft'), font: FONT, ticks: { show: false } }
  const now = () => (samples().at(-1)?.at ?? 0) / 1000
  const marks = Array.from({ length: WINDOW_SECONDS / STEP_SECONDS + 1 }, (_, step) => step * STEP_SECONDS)
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 18, 0, 0],
    scales: {
      x: { range: () => [now() - WINDOW_SECONDS, now()] },
      y: { range: (_, __, max) => [0, Math.max(atLeast, max * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        gap: 4,
        grid: { show: false },
        splits: () => marks.map((mark) => now() - WINDOW_SECONDS + mark),
        values: () => marks.map((mark) => (mark === WINDOW_SECONDS ? 'now' : `−${WINDOW_SECONDS - mark} s`)),
      },
      {
        ...axis,
        size: 56,
        gap: 4,
        space: 40,
        grid: { stroke: color('line'), width: 1 },
        values: (_, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      {
        stroke: color('accent'),
        width: 2,
        points: { show: false },
        ...(isFilled && { fill: color('good') }),
      },
    ],
    hooks: { drawClear: [(chart) => shade(chart, samples())] },
  }
}

/** Shades the outages, before the lines are drawn. */
function shade(chart: uPlot, samples: Pulse[]): void {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const { from, to } of outages(samples)) {
    const left = chart.valToPos(from / 1000, 'x', true)
    const right = chart.valToPos(to / 1000, 'x', true)
    ctx.fillStyle = color('bad')
    ctx.fillRect(left, bbox.top, right - left, bbox.height)
    ctx.fillStyle = color('bad-ink')
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`
    ctx.textAlign = 'left'
    const label = 'no Redis'
    const room = 8 * devicePixelRatio
    if (right - left > ctx.measureText(label).width + 2 * room) {
      ctx.fillText(label, left + room, bbox.top + 2 * room)
    }
  }
  ctx.restore()
}
