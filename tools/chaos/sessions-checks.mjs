// Checks of sessions. Only what Redis has answered is checked. What an outage excuses is in each check, and in
// docs/reliability.md.

import { answeredAtTheEnd, wasEmptied } from './answers.mjs'
import { violation } from './checks.mjs'
import { sessionsOf } from './sessions-model.mjs'

const checks = [
  staysDestroyed,
  staysRevoked,
  isNotInTwoPlaces,
  keepsChanges,
  changesOnce,
  staysAlive,
  answeredAtTheEnd,
]

export function checkSessions(run) {
  const sessions = sessionsOf(run)
  const calls = sessions.flatMap((session) => session.calls)
  Object.assign(run.figures, {
    sessions: sessions.length,
    sessionCalls: calls.length,
    sessionReads: calls.filter(({ op, isFromRedis }) => op === 'get' && isFromRedis).length,
    changesToBeThere: 0,
    endsInOutages: 0,
  })
  return sessions.flatMap((session) => checks.flatMap((check) => check(session)))
}

/** The first read of which `expected` tells that it should have been another. */
function firstWrong(session, title, expected) {
  for (const call of session.reads) {
    const text = expected(call)
    if (text) return [violation({ title, call, expected: text, calls: session.history })]
  }
  return []
}

/** A session that was destroyed once it was in Redis is never there again. */
function staysDestroyed(session) {
  const ends = session.destructions.filter(({ start }) => session.birth.certain <= start)
  session.run.figures.endsInOutages += ends.filter(({ isFromRedis }) => !isFromRedis).length
  return firstWrong(session, 'a session that was destroyed stays so', ({ start, answer }) => {
    const end = ends.find(({ inRedis }) => inRedis < start)
    return answer && end && `no session, because of client ${end.client}`
  })
}

/** A session that was made before a revocation, under whatever id, is never there after it. */
function staysRevoked(session) {
  const { root, run } = session
  const ends = session.revocations.filter((end) => root.birth.end <= end.start && !session.isSparedBy(end))
  return firstWrong(session, 'a session that was revoked stays so', (call) => {
    const end = ends.find((one) => one.inRedis < call.start && !isOutlived(session, one, call))
    if (!call.answer || !end || wasEmptied(run, end.start, call.end)) return undefined
    return `no session, because of destroyAll by client ${end.client}`
  })
}

/** Whether another revocation, in which the session counts, may have come to Redis after this one. */
function isOutlived(session, end, read) {
  return session.revocations.some((other) => {
    const mayComeLater = other !== end && other.certain > end.start && other.start < read.end
    return mayComeLater && (session.isSparedBy(other) || other.start < session.root.birth.end)
  })
}

/** Once a session has moved to a new id, the old one is dead. */
function isNotInTwoPlaces(session) {
  const moves = session.moves.filter(
    ({ answer, isFromRedis, start }) => answer && isFromRedis && session.birth.certain <= start,
  )
  return firstWrong(session, 'a session is not at two ids', ({ start, answer }) => {
    const move = moves.find(({ end }) => end < start)
    return answer && move && `no session, which is ${move.token} now`
  })
}

/** Changes stay, also in the session under its next ids. */
function keepsChanges(session) {
  const { lineage, run } = session
  const changes = lineage.flatMap((one, at) => {
    // Those of the sessions before the one at which it was copied.
    const isCertain = lineage.slice(0, at).every(({ birth }) => birth.isFromRedis)
    const isOwn = ({ answer, start }) => answer && one.birth.certain <= start
    return isCertain ? one.updates.filter(isOwn) : []
  })
  const kept = changes.filter(({ isFromRedis }) => isFromRedis)
  const fromOutages = changes.filter((change) => !change.isFromRedis && isOnlyWriter(session, change))
  run.figures.changesToBeThere += kept.length + fromOutages.length
  return firstWrong(session, 'a change that was acknowledged stays', ({ start, end, answer }) => {
    const lost = [...kept, ...fromOutages].find(
      (change) =>
        change.inRedis < start &&
        !wasEmptied(run, change.start, end) &&
        answer &&
        !answer.includes(change.token),
    )
    return lost && `the change ${lost.token}`
  })
}

/** Whether no other process may have changed the session until the replay, so that the change is not given up. */
function isOnlyWriter(session, { process, certain }) {
  const writes = session.root.family.flatMap((one) => [...one.updates, ...one.moves, ...one.destructions])
  const all = [...writes, ...session.revocations]
  return !all.some((other) => other.process !== process && other.start < certain)
}

/** A change whose reply was lost is not made again. */
function changesOnce(session) {
  return firstWrong(session, 'a change is made once', ({ answer }) => {
    const twice = answer?.find((token, at) => answer.indexOf(token) !== at)
    return twice && `the change ${twice} once`
  })
}

/** A session is there until somebody ends it. */
function staysAlive(session) {
  const { birth, calls, run, root } = session
  const isMoved = session.lineage.some((one) => !one.birth.isFromRedis)
  const ends = calls.filter(({ op }) => op === 'destroy' || op === 'rotate')
  const revocations = session.revocations.filter((end) => {
    const sparesIt = end.except === session.name && end.isFromRedis
    return !sparesIt && (isMoved || end.certain > root.birth.start)
  })
  return firstWrong(session, 'a session lives until it is ended', ({ start, end, answer }) => {
    if (answer || start < birth.certain || wasEmptied(run, root.birth.start, end)) return undefined
    return [...ends, ...revocations].some((other) => other.start < end) ? undefined : 'the session'
  })
}
