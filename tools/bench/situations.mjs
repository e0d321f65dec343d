// What each way does in the situations for which people use such a package. Everything is tried, nothing quoted.

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import { startCuttingProxy } from './cutting-proxy.mjs'
import { figure } from './figures.mjs'
import { progress } from './processes.mjs'
import { ways } from './run-once.mjs'
import { startRunner } from './runner.mjs'

const WORK_MS = 300
const LONG_MS = 600_000

/** For each situation, what happened in each way: the number of executions, and what the callers got. */
export async function measureSituations({ leaseMs, limitMs }, { http }) {
  const proxy = await startCuttingProxy(http.address.redisUrl)
  const address = { ...http.address, redisUrl: proxy.url }
  try {
    const rows = []
    for (const [name, happen] of Object.entries(situations)) {
      const outcomes = {}
      for (const [way, { store }] of Object.entries(ways)) {
        progress(`${name}: ${way}`)
        const runners = await Promise.all([1, 2].map(() => startRunner(way, address, leaseMs)))
        const tools = { key: randomUUID(), store, proxy, control: http.control, leaseMs, limitMs }
        try {
          outcomes[way] = await happen(runners, tools)
        } finally {
          await Promise.all(runners.map(({ stop }) => stop()))
        }
      }
      rows.push({ name, outcomes })
    }
    return rows
  } finally {
    await proxy.stop()
  }
}

const situations = {
  async 'a duplicate at the same moment, in the same process'([one], { key }) {
    const calls = await one.ask('run', { key, workMs: WORK_MS, calls: 2 })
    return { executions: executionsOf(calls), answers: answersOf(calls) }
  },

  async 'a duplicate at the same moment, in another process'([one, other], { key }) {
    const calls = (
      await Promise.all([one, other].map(({ ask }) => ask('run', { key, workMs: WORK_MS })))
    ).flat()
    return { executions: executionsOf(calls), answers: answersOf(calls) }
  },

  async 'a duplicate afterwards, in another process'([one, other], { key }) {
    const calls = [...(await one.ask('run', { key })), ...(await other.ask('run', { key }))]
    return { executions: executionsOf(calls), answers: answersOf(calls) }
  },

  async 'the runner is killed in the middle'([one, other], { key, limitMs }) {
    await one.ask('begin', { key, workMs: LONG_MS })
    await one.stop('SIGKILL')
    const killedAt = Date.now()
    const { first, last } = await other.ask('persist', { key, limitMs })
    const executions = 1 + (last.executed ? 1 : 0)
    return { executions, answers: laterAnswers('another caller', first, last, killedAt, limitMs) }
  },

  async 'the reply to the claim is lost'([one], { key, store, proxy, control, limitMs }) {
    if (store === 'none') return { executions: Number.NaN, answers: 'has no replies' }
    if (store === 'http') await control.addFault({ fault: 'executeThenDrop', requests: 1 })
    else proxy.loseNextReply()
    const [call] = await one.ask('run', { key })
    if (store === 'tcp' && !proxy.hasLost()) throw new Error('no reply was lost')
    if (call.answer.is === 'result')
      return { executions: executionsOf([call]), answers: 'the caller gets the result' }
    const { first, last } = await one.ask('persist', { key, limitMs })
    const again = laterAnswers('its next try', first, last, call.settledAt, limitMs)
    return {
      executions: executionsOf([call, last]),
      answers: `the caller gets ${phraseOf(call.answer)}; ${again}`,
    }
  },

  async 'the work takes three times as long as the lease'([one, other], { key, leaseMs }) {
    await one.ask('begin', { key, workMs: 3 * leaseMs })
    await pause(1.5 * leaseMs)
    const [duplicate] = await other.ask('run', { key })
    const calls = [await one.ask('end'), duplicate]
    return { executions: executionsOf(calls), answers: answersOf(calls) }
  },
}

const executionsOf = (calls) => calls.filter(({ executed }) => executed).length

const phraseOf = ({ is, text }) =>
  is === 'result' ? 'a result' : is === 'error' ? text : `the value ${text}`

/** What two callers got, in words. */
function answersOf(calls) {
  const [one, other] = calls.map(({ answer }) => answer)
  if (one.is === 'result' && other.is === 'result') {
    return one.text === other.text ? 'both get one result' : 'each gets another result'
  }
  // The order of two calls at the same moment is not known, so what differs is said without it.
  const phrases = [one, other].map(phraseOf).sort((phrase) => (phrase === 'a result' ? -1 : 1))
  return `one gets ${phrases[0]}, one ${phrases[1]}`
}

/** What a caller got at first, and in the end, that calls until it runs or gets a result. */
function laterAnswers(who, first, last, sinceMs, limitMs) {
  const time = (ms) => `${figure(ms)} ms`
  const end = last.executed
    ? `runs after ${time(last.endedAt - sinceMs)}`
    : last.answer.is === 'result'
      ? `gets the result after ${time(last.settledAt - sinceMs)}`
      : `does not run within ${time(limitMs)}`
  return first.executed || first.answer.is === 'result'
    ? `${who} ${end}`
    : `${who} gets ${phraseOf(first.answer)}, and ${end}`
}
