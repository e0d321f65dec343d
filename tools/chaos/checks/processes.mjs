// No client crashes or leaves a rejection unhandled, each comes back, hands everything over, and its memory stays level.

/** What the allocators of V8 and of the addon keep more or less of by chance. */
const MEMORY_TOLERANCE_MB = 8

export function check(run) {
  const late = run.recoveries.filter(({ milliseconds }) => milliseconds === Number.POSITIVE_INFINITY)
  return [
    ...late.map(({ kind }) => ({ title: 'every client comes back', text: `one did not after ${kind}` })),
    ...run.clients.flatMap((client) => ofClient(client, run)),
  ]
}

function ofClient({ number, fatal, memory, finished, exit }, { timesMeasured }) {
  const client = `client ${number}`
  const problems = fatal.map((text) => ({ title: 'no client crashes', text: `${client}: ${text}` }))
  if (exit !== 0) problems.push({ title: 'a client ends by itself', text: `${client} ended with ${exit}` })
  if (finished.pending !== 0) {
    problems.push({ title: 'all effects are handed over', text: `${client} has ${finished.pending} pending` })
  }
  if (memory.length < timesMeasured || memory.at(-1) - memory[0] > MEMORY_TOLERANCE_MB) {
    const figures = memory.map((mb) => mb.toFixed(1)).join(', then ')
    problems.push({ title: 'memory stays level', text: `${client} had ${figures} MB` })
  }
  return problems
}
