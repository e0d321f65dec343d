// What a run prints: the first violations of each promise, and the figures.

const SHOWN = 3

export function report({ figures, windows, recoveries, clients, violations }) {
  const metrics = clients.map(({ finished }) => finished.metrics)
  const back = Math.max(0, ...recoveries.map(({ milliseconds }) => milliseconds))
  const standstill = Math.max(0, ...clients.flatMap(({ stalls }) => stalls.map(({ from, to }) => to - from)))
  const lines = [
    ['calls', `${figures.calls}, of them ${figures.degradedCalls} while degraded`],
    ['faults', faults(windows)],
    ['longest call', `${figures.longestCall.toFixed(0)} ms`],
    [
      'longest standstill of a client',
      `${standstill.toFixed(0)} ms, freezing included; not counted as a call's`,
    ],
    ['p99 while degraded', `${figures.degradedP99.toFixed(1)} ms`],
    ['longest way back after a fault', `${back.toFixed(0)} ms`],
    ['effects replayed', total(metrics, 'replayed')],
    ['dropped as expired', total(metrics, 'droppedAsExpired')],
    ['conflicts', total(metrics, 'conflicts')],
    ['retries', total(metrics, 'retries')],
    ['claims granted', figures.grants],
    [
      'counters',
      `${figures.counters}, ${figures.exactCounters} without ambiguity; ${figures.certain} of ${figures.asked} counts certain`,
    ],
    ['lost', `${figures.lost} of ${figures.ownKeys} keys, ${figures.countsLost} counts`],
    ['resident memory', clients.map(({ memory }) => memory.map(megabytes).join(' to ')).join('; ')],
    ['violations', violations.length],
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return [...broken(violations), ...lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`)]
}

function broken(violations) {
  const titles = [...new Set(violations.map(({ title }) => title))]
  return titles.flatMap((title) => {
    const all = violations.filter((one) => one.title === title)
    const shown = all.slice(0, SHOWN).map(({ text }) => text)
    return [`Broken: ${title} (${all.length} times)`, ...shown]
  })
}

function faults(windows) {
  const counts = {}
  for (const { kind } of windows) counts[kind] = (counts[kind] ?? 0) + 1
  const byKind = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`)
  return `${windows.length} (${byKind.sort().join(', ')})`
}

function total(metrics, name) {
  const numbers = metrics.map((one) => one[name]).filter((number) => number !== undefined)
  return numbers.length === 0 ? 'not told' : numbers.reduce((sum, number) => sum + number, 0)
}

const megabytes = (number) => `${number.toFixed(1)} MB`
