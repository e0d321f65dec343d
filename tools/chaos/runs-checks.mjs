// Checks of runs and locks. What an outage excuses is in each check, and in docs/reliability.md.

import { byKey, SCHEDULING_MS, violation } from './checks.mjs'
import { LONGEST_LEASE_MS } from './runs.mjs'
import { callsOf, Execution, executionsOf } from './runs-model.mjs'
import { withoutStalls } from './timeline.mjs'

export function checkRuns(run) {
  const calls = callsOf(run)
  const executions = executionsOf(run)
  const keys = [...byKey([...calls, ...executions])].map(([key, all]) => ofOneKey(run, key, all))
  Object.assign(run.figures, figures(calls, executions))
  return [
    ...keys.flatMap((ofKey) =>
      [onlyOne, ownAnswers, oneAnswer, growingFences, isThereAtTheEnd].flatMap((check) => check(ofKey)),
    ),
    ...executions.flatMap(lostWithoutTrouble),
    ...calls.flatMap((call) => ofCall(call, run)),
  ]
}

function figures(calls, executions) {
  const count = (isIt) => executions.filter(isIt).length
  return {
    runCalls: calls.length,
    executions: executions.length,
    certainExecutions: count(({ isFromRedis }) => isFromRedis),
    fences: count(({ fence }) => fence !== undefined),
    cutOff: count(({ isCutOff }) => isCutOff),
    leasesLost: count(({ lostAt }) => lostAt !== undefined),
    acknowledged: 0,
  }
}

/** What is known of a key, in the order of the starts. */
function ofOneKey(run, key, all) {
  all.sort((a, b) => a.start - b.start)
  const isExecution = (one) => one instanceof Execution
  const calls = all.filter((one) => !isExecution(one))
  return { run, key, all, executions: all.filter(isExecution), calls }
}

/** The work of a key is done by one at a time, and once if its outcome is kept. */
function onlyOne({ executions, all }) {
  return executions.flatMap((first, at) => {
    const second = executions.slice(at + 1).find((other) => isForbidden(first, other, executions))
    if (!second) return []
    const isAtOnce = second.start < first.end
    const title = isAtOnce ? 'work of a key is never done twice at once' : 'work of a key is done once'
    return [
      violation({ title, call: second, expected: `no execution, because of ${first.token}`, calls: all }),
    ]
  })
}

/**
 * Whether a second execution breaks the promise. It does not if Redis has forgotten the first, if a lease may have ended,
 * or if memory decided and another process had the key.
 */
function isForbidden(first, second, executions) {
  const isSameProcess = first.process === second.process
  if (isSameProcess && first.kind === 'run' && second.start < first.end) return true
  if (second.start >= first.heldUntil || first.mayBeForgotten(second.start)) return false
  if (first.mayHaveLostLease(second.start) || second.mayHaveLostLease(second.start)) return false
  if (first.isFromRedis && second.isFromRedis) return true
  return isSameProcess && !hasRival(first, executions, second.start)
}

/** Whether another process did the work, too, so that the outcome of this one may not be in Redis. */
function hasRival(first, executions, until) {
  return executions.some(({ process, start }) => process !== first.process && start < until)
}

/** Every answer is what the work has returned, or the error that was kept. */
function ownAnswers({ calls, executions, all }) {
  const tokens = new Set(executions.map(({ token }) => token))
  const wrong = calls.filter((call) => isOutcome(call) && !tokens.has(call.answer))
  const title = 'answers are what the work has returned'
  return wrong.map((call) => violation({ title, call, expected: 'an outcome of this key', calls: all }))
}

/** Redis answers a key with one outcome, until that expires or is forgotten. */
function oneAnswer({ run, calls, executions, all }) {
  const late = executions.filter(isTooLate)
  const isOwn = (call) => late.some(({ process, token }) => process === call.process && token === call.answer)
  const certain = calls.filter((call) => isOutcome(call) && isCertain(call, calls) && !isOwn(call))
  const inOrder = certain.toSorted((a, b) => a.end - b.end)
  return inOrder.flatMap((call, at) => {
    const before = inOrder[at - 1]
    if (!before || call.answer === before.answer || wasForgotten(run, before.start, call.end)) return []
    const execution = executions.find(({ token }) => token === before.answer)
    if (!execution || call.end >= execution.heldUntil) return []
    const expected = `the answer ${before.answer}`
    return [violation({ title: 'all callers get one answer', call, expected, calls: all })]
  })
}

const wasForgotten = ({ losses }, start, end) => losses.some(({ from, to }) => from < end && to > start)

/** Whether another may have been at work when the wait was over: then its process tells the result that it has. */
function isTooLate(execution) {
  const { call } = execution
  return call && call.end - call.start >= call.waitMs && execution.mayHaveLostLease(call.end)
}

/** The result of a lock is its holder's. */
const isOutcome = ({ kind, answer }) => kind === 'run' && answer !== undefined

/** Whether Redis has answered a call, and those of the same process that it may have joined. */
function isCertain(call, calls) {
  return calls
    .filter(({ process, start, end }) => process === call.process && start <= call.start && end >= call.start)
    .every(({ isFromRedis }) => isFromRedis)
}

/** A later execution has a greater fence, unless memory has counted, or Redis has lost its count. */
function growingFences({ executions, all }) {
  const fenced = executions.filter(({ fence, isFromRedis }) => fence !== undefined && isFromRedis)
  return fenced.flatMap((second, at) => {
    const first = fenced
      .slice(0, at)
      .find((before) => before.fence >= second.fence && !isFenceExcused(before, second))
    if (!first) return []
    const expected = `a fence above ${first.fence} of ${first.token}, got ${second.fence}`
    return [violation({ title: 'fences grow', call: second, expected, calls: all })]
  })
}

/** What lost its lease before it could begin may have an older fence: it is what fences are for. */
function isFenceExcused(first, second) {
  if (first.mayBeForgotten(second.start)) return true
  return first.fence > second.fence && second.asked < first.start && second.mayHaveLostLease(second.start)
}

/** A new process gets an answer to every key, and for an acknowledged outcome that lives, this one. */
function isThereAtTheEnd({ run, key, calls, executions, all }) {
  const last = calls.findLast(({ process }) => process.name === 'new')
  if (!last) return [{ title: 'no key stays stuck', text: `${key} was not answered` }]
  if (last.refusal) {
    return [violation({ title: 'no key stays stuck', call: last, expected: 'an answer', calls: all })]
  }
  const acknowledged = executions.filter((one) => isAcknowledged(one, run, executions, last))
  run.figures.acknowledged += acknowledged.length
  if (acknowledged.length === 0 || acknowledged.some(({ token }) => token === last.answer)) return []
  const expected = acknowledged.map(({ token }) => token).join(' or ')
  return [violation({ title: 'an acknowledged outcome is in Redis', call: last, expected, calls: all })]
}

/** Whether the outcome of an execution was told to its caller, and is then to be found by others at the end. */
function isAcknowledged(execution, run, executions, last) {
  const { process, call, heldUntil, isKept, isFromRedis } = execution
  if (!isKept || process === last.process || call?.answer !== execution.token) return false
  if (heldUntil < last.end || execution.mayBeForgotten(last.end)) return false
  if (execution.settled >= process.killedAt) return false
  if (isFromRedis && !execution.mayHaveLostLease(execution.settled)) return true
  // What memory granted is given up if another process has the key in Redis, perhaps one that was killed.
  return !hasRival(execution, executions, execution.settled) && !wasOneKilled(run, execution)
}

function wasOneKilled({ former }, { asked, settled }) {
  return former.some(({ killedAt }) => killedAt > asked - LONGEST_LEASE_MS && killedAt < settled)
}

/** A lease that Redis granted is only lost while it may have ended. */
function lostWithoutTrouble(execution) {
  const { lostAt, isFromRedis } = execution
  if (lostAt === undefined || !isFromRedis) return []
  if (execution.mayBeForgotten(lostAt) || execution.mayHaveLostLease(lostAt)) return []
  const title = 'a lease is kept while its process runs and reaches Redis'
  return [violation({ title, call: execution, expected: `no loss at ${(lostAt % 1e6).toFixed(0)}` })]
}

/** A call settles in time, and does not reject but with the error of its work or a refusal. */
function ofCall(call, run) {
  const { waitMs, workMs, error, process } = call
  // A last look after the wait, its work and the end of that; and a turn of the event loop.
  const limit = waitMs + workMs + 3 * run.timeoutMs + SCHEDULING_MS
  const milliseconds = withoutStalls(process, call)
  const problems = []
  if (milliseconds > limit) {
    const expected = `at most ${limit} ms, took ${milliseconds.toFixed(0)} ms`
    problems.push(violation({ title: 'runs and locks settle in time', call, expected }))
  }
  if (error !== undefined)
    problems.push(violation({ title: 'no run rejects by itself', call, expected: 'an answer' }))
  return problems
}
