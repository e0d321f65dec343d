// No client crashes or leaves a rejection unhandled, each comes back, hands everything over, and its memory stays level.

/** What the allocators of V8 and of the addon keep more or less of by chance. */
const MEMORY_TOLERANCE_MB = 8

export function check(run) {
  const late = run.recoveries.filter(({ milliseconds }) => milliseconds === Number.POSITIVE_INFINITY)
  return [
    ...late.map(({ kind }) => `every client comes back: one did not after ${kind}`),
    ...run.clients.flatMap((client) => ofClient(client, run)),
  ]
}

function ofClient({ number, fatal, memory, finished, exit }, { timesMeasured }) {
  const problems = fatal.map((text) => `no crash: client ${number}: ${text}`)
  if (exit !== 0) problems.push(`a client ends by itself: client ${number} ended with ${exit}`)
  if (finished.pending !== 0) {
    problems.push(`all effects are handed over: client ${number} has ${finished.pending} pending`)
  }
  const [first, last] = [memory[0], memory.at(-1)]
  if (memory.length < timesMeasured || last - first > MEMORY_TOLERANCE_MB) {
    problems.push(
      `memory stays level: client ${number} had ${memory.map((mb) => mb.toFixed(1)).join(', then ')} MB`,
    )
  }
  return problems
}
