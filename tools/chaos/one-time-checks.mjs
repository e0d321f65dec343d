// Checks of one-time data. What an outage excuses is in each check, and in docs/reliability.md.

import { answeredAtTheEnd, mayHaveExpired, wasEmptied } from './answers.mjs'
import { violation } from './checks.mjs'
import { entriesOf } from './one-time-model.mjs'

const ABSENT = 'absent'

const checks = [takenOnce, isThere, comparesCodes, countsAttempts, takesOneAttempt, answeredAtTheEnd]

export function checkOneTime(run) {
  const entries = entriesOf(run)
  const takings = entries.flatMap((entry) => entry.takings)
  Object.assign(run.figures, {
    entries: entries.length,
    takings: takings.length,
    takingsOfMemory: takings.filter(({ isFromRedis }) => !isFromRedis).length,
    takenTwice: entries.filter((entry) => entry.takings.length > 1).length,
    verdicts: entries.flatMap(certainVerdicts).length,
    rejected: entries.flatMap(({ calls }) => calls.filter(({ refusal }) => refusal)).length,
  })
  return entries.flatMap((entry) => checks.flatMap((check) => check(entry)))
}

const wrong = ({ history }, title, call, expected) =>
  call ? [violation({ title, call, expected, calls: history })] : []

/** One caller gets it. Two processes may, if memory has answered the second, or the first was not yet replayed. */
function takenOnce(entry) {
  const { takings, birth } = entry
  const again = takings.find((second, at) =>
    takings.slice(0, at).some((first) => birth.certain <= first.start && isForbidden(first, second)),
  )
  return wrong(entry, 'what is taken is taken once', again, 'nothing')
}

function isForbidden(first, second) {
  if (first.process === second.process) return true
  return second.isFromRedis && (first.isFromRedis || first.inRedis < second.start)
}

/** It is there until it may have been taken. Without Redis, another process does not know it. */
function isThere(entry) {
  const { run, birth, calls, ends } = entry
  const missed = calls.find((call) => {
    if (!call.isFromRedis || call.refusal || call.start < birth.certain) return false
    if (mayHaveExpired(birth, call.end) || wasEmptied(run, birth.start, call.end)) return false
    const isAbsent = call.answer === null || call.answer.reason === ABSENT
    return isAbsent && !ends.some((end) => end !== call && end.start < call.end)
  })
  return wrong(entry, 'one-time data is there until it is taken', missed, entry.name)
}

/** The right code gets the data, and another gets none. */
function comparesCodes(entry) {
  const call = entry.guesses.find(({ isRight, answer }) => (isRight ? isWrong(answer) : answer?.taken))
  return wrong(entry, 'a code is compared', call, call?.isRight ? 'the data' : 'no data')
}

/** Redis grants each attempt once, and none after the end. */
function countsAttempts(entry) {
  const verdicts = certainVerdicts(entry)
  const numbers = verdicts.map(({ answer }) => attemptsLeft(answer))
  const repeated = verdicts.find((_, at) => numbers.indexOf(numbers[at]) !== at)
  const ends = verdicts.filter(({ answer }) => attemptsLeft(answer) === 0)
  const late = verdicts.find(({ start }) => ends.some(({ end }) => end < start))
  return [
    ...wrong(entry, 'no attempt is granted twice', repeated, 'another number of attempts'),
    ...wrong(entry, 'a code ends with its last attempt', late, ABSENT),
  ]
}

/** A guess takes one attempt at most, also in an outage. */
function takesOneAttempt(entry) {
  const { attempts, guesses } = entry
  const least = ({ end }) => attempts - guesses.filter(({ start }) => start < end).length
  const call = guesses.find((guess) => isWrong(guess.answer) && attemptsLeft(guess.answer) < least(guess))
  return wrong(entry, 'a guess takes one attempt', call, call && `at least ${least(call)} left`)
}

/** The guesses about which Redis has decided. */
function certainVerdicts({ guesses, birth }) {
  const isDecided = ({ answer }) => answer && answer.reason !== ABSENT
  return guesses.filter((guess) => guess.isFromRedis && birth.certain <= guess.start && isDecided(guess))
}

const isWrong = (answer) => ['wrong', 'locked'].includes(answer?.reason)

/** None when the data was taken. */
const attemptsLeft = (answer) => answer.attemptsLeft ?? 0
