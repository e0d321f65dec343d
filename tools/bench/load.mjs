// Calls in loops, and what they take of this process.

const MAX_TIMED_LOOPS = 16
const MAX_LATENCIES = 2 ** 18

/** Makes calls in `inFlight` loops, each of which awaits its call before the next, and measures this process. */
export async function load(call, inFlight, milliseconds) {
  const state = { call, calls: 0, timed: 0, stopped: false, latencies: new Float32Array(MAX_LATENCIES) }
  // Only some loops are timed, so that taking the time hardly affects the measurement.
  const step = Math.max(1, inFlight / MAX_TIMED_LOOPS)
  setTimeout(() => {
    state.stopped = true
  }, milliseconds)

  const cpu = process.cpuUsage()
  const utilization = performance.eventLoopUtilization()
  const started = performance.now()
  const loops = Array.from({ length: inFlight }, (_, number) =>
    (number % step === 0 ? timedLoop : loop)(state),
  )
  await Promise.all(loops)
  const elapsed = performance.now() - started
  const { active } = performance.eventLoopUtilization(utilization)
  const { user, system } = process.cpuUsage(cpu)

  const latencies = state.latencies.subarray(0, Math.min(state.timed, MAX_LATENCIES)).sort()
  const quantile = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]
  return {
    calls: state.calls,
    opsPerSecond: (state.calls / elapsed) * 1000,
    p50: quantile(0.5) * 1000,
    p99: quantile(0.99) * 1000,
    active: (active * 1000) / state.calls,
    cpu: (user + system) / state.calls,
    residentMb: process.memoryUsage.rss() / 2 ** 20,
  }
}

async function loop(state) {
  while (!state.stopped) await state.call(state.calls++)
}

async function timedLoop(state) {
  while (!state.stopped) {
    const started = performance.now()
    await state.call(state.calls++)
    // Writes beyond the end of the array have no effect.
    state.latencies[state.timed++] = performance.now() - started
  }
}
