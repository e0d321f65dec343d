// Draws what each algorithm admits of the same requests, for docs/rate-limits.md. It takes seven seconds: the requests are
// made in real time, each to all limiters at once, on memory. Run `npm run build` first.
//   node scripts/rate-limit-plot.mjs

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { loadPackage } from '../tools/package.mjs'
import { fail, root } from './setup.mjs'

const { RateLimiter, redisManager } = loadPackage()

const WINDOW_MS = 1000
const END_MS = 6000
/** A request that is made later than this after its time would show the machine, not the algorithm. */
const LATE_MS = 15

const algorithms = {
  "fixedWindow(10, '1 s')": RateLimiter.fixedWindow(10, '1 s'),
  "slidingWindow(10, '1 s')": RateLimiter.slidingWindow(10, '1 s'),
  "tokenBucket(5, '500 ms', 10)": RateLimiter.tokenBucket(5, '500 ms', 10),
  "gcra(10, '1 s')": RateLimiter.gcra(10, '1 s'),
  "gcra(10, '1 s', 3)": RateLimiter.gcra(10, '1 s', 3),
}

/** `count` times from `start` on. */
const every = (ms, start, count) => Array.from({ length: count }, (_, number) => start + number * ms)

/** Ten at the end of a window and ten at the beginning of the next, then too many for two seconds, then ten after a pause. */
const plan = [...every(25, 720, 10), ...every(25, 1020, 10), ...every(40, 2520, 50), ...every(25, 5520, 10)]

const themes = {
  light: { text: '#1f2328', line: '#d1d9e0', admitted: '#0969da', denied: '#bc4c00' },
  dark: { text: '#e6edf3', line: '#3d444d', admitted: '#58a6ff', denied: '#f0883e' },
}

const results = await run()
for (const [name, theme] of Object.entries(themes)) {
  writeFileSync(join(root, 'docs', `rate-limits-${name}.svg`), draw(results, theme))
}

/** For each algorithm, when requests were made and whether they were admitted. */
async function run() {
  redisManager.configure({ disableRedis: true })
  const limiters = Object.entries(algorithms).map(([name, limiter]) => {
    return { name, limiter: new RateLimiter({ limiter, prefix: name }), requests: [] }
  })
  const start = Math.ceil((Date.now() + WINDOW_MS) / WINDOW_MS) * WINDOW_MS
  for (const time of plan) {
    await pause(start + time - Date.now())
    const at = Date.now() - start
    if (at > time + LATE_MS) fail('The machine is too busy to keep the time: try again.')
    const answers = await Promise.all(limiters.map(({ limiter }) => limiter.limit('guest')))
    for (const [place, { success }] of answers.entries()) limiters[place].requests.push({ at, success })
  }
  return limiters.map(({ name, requests }) => ({ name, requests }))
}

/** The most that are admitted within a window, wherever it begins. */
function most(requests) {
  const times = requests.filter(({ success }) => success).map(({ at }) => at)
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + WINDOW_MS).length))
}

function draw(lanes, { text, line, admitted, denied }) {
  const [left, width, top, laneHeight, barHeight] = [12, 720, 44, 52, 26]
  const bottom = top + lanes.length * laneHeight
  const x = (at) => Math.round((left + (at / END_MS) * width) * 10) / 10
  const bars = (requests, isAdmitted, base, height) => {
    const chosen = requests.filter(({ success }) => success === isAdmitted)
    return `<path class="${isAdmitted ? 'a' : 'd'}" d="${chosen.map(({ at }) => `M${x(at)} ${base}v-${height}`).join('')}"/>`
  }
  const lane = ({ name, requests }, place) => {
    const base = top + (place + 1) * laneHeight - 6
    const count = requests.filter(({ success }) => success).length
    return [
      `<text class="c" x="${left}" y="${base - barHeight - 5}">${name}</text>`,
      `<text x="${left + width}" y="${base - barHeight - 5}" text-anchor="end">${count} of ${requests.length} admitted, at most ${most(requests)} in a second</text>`,
      `<path class="l" d="M${left} ${base}h${width}"/>`,
      bars(requests, true, base, barHeight),
      bars(requests, false, base, 7),
    ].join('\n')
  }
  const seconds = every(WINDOW_MS, 0, END_MS / WINDOW_MS + 1)
  const grid = seconds.map((at) => `M${x(at)} ${top}V${bottom}`).join('')
  const labels = seconds.map(
    (at) => `<text x="${x(at)}" y="${bottom + 16}" text-anchor="middle">${at / WINDOW_MS} s</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 2 * left} ${bottom + 24}" width="${width + 2 * left}" height="${bottom + 24}">
<title>What each algorithm admits of the same requests</title>
<style>text{font:12px system-ui,sans-serif;fill:${text}}.c{font:12px ui-monospace,monospace}path{fill:none;stroke-width:2}.l{stroke:${line};stroke-width:1}.a{stroke:${admitted}}.d{stroke:${denied}}</style>
<path class="a" d="M${left} 22v-14"/><text x="${left + 8}" y="20">admitted</text>
<path class="d" d="M${left + 80} 22v-7"/><text x="${left + 88}" y="20">denied</text>
<path class="l" d="${grid}"/>
${lanes.map(lane).join('\n')}
${labels.join('\n')}
</svg>
`
}
