import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type CodeVerification, redisManager, TempDataCache } from 'redlatch'
import { type Gateway, startGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

const processes = 4
/** More, such as 10000, by the environment. */
const rounds = Number(process.env.RACE_ROUNDS ?? 200)
const roundsAtOnce = 50

jest.setTimeout(Math.max(60_000, rounds * 50))

const program = join(__dirname, '..', 'support', 'temp-data-process.cjs')

describe.each(['upstash', 'redis'])('four processes on one Redis, in the mode %s', (mode) => {
  let gateway: Gateway
  let children: ChildProcess[]

  beforeAll(async () => {
    gateway = await startGateway(['--mode', mode])
    redisManager.configure({ url: gateway.url, token: gateway.token })
    const env = {
      PATH: process.env.PATH ?? '',
      UPSTASH_REDIS_REST_URL: gateway.url,
      UPSTASH_REDIS_REST_TOKEN: gateway.token,
    }
    children = Array.from({ length: processes }, () => fork(program, { env }))
  })

  afterAll(async () => {
    for (const child of children) child.kill()
    await redisManager.close()
    redisManager.configure()
    await gateway.stop()
  })

  /** Has each process make all calls at once; the results of each call in all processes. */
  async function race<T>(method: string, calls: string[][]): Promise<T[][]> {
    const all = await Promise.all(
      children.map(async (child, index) => {
        const answer = once(child, 'message')
        // Each begins elsewhere, so that none is the first everywhere.
        const start = Math.floor((index * calls.length) / processes)
        child.send({ method, calls: [...calls.slice(start), ...calls.slice(0, start)] })
        const [results] = (await answer) as [T[]]
        return [...results.slice(calls.length - start), ...results.slice(0, calls.length - start)]
      }),
    )
    return calls.map((_, index) => all.map((results) => results[index] as T))
  }

  const inBatches = async (work: (ids: string[]) => Promise<void>) => {
    for (let left = rounds; left > 0; left -= roundsAtOnce) {
      await work(Array.from({ length: Math.min(left, roundsAtOnce) }, uniqueKey))
    }
  }

  test('a token is taken by one', async () => {
    await inBatches(async (ids) => {
      const tokens = await Promise.all(ids.map((id) => TempDataCache.createToken('race', { id })))

      const results = await race(
        'take',
        tokens.map((token) => ['race', token]),
      )

      const takers = results.map((ofOne) => ofOne.filter((result) => result !== null))
      expect(takers).toStrictEqual(ids.map((id) => [{ id }]))
    })
  })

  test('the right code is good for one', async () => {
    await inBatches(async (ids) => {
      const codes = await Promise.all(ids.map((id) => TempDataCache.createCode('race', id, { id })))

      const guesses = ids.map((id, index) => ['race', id, codes[index] as string])
      const results = await race<CodeVerification<object>>('verifyCode', guesses)

      const absent = { ok: false, reason: 'absent', attemptsLeft: 0 }
      for (const [index, ofOne] of results.entries()) {
        expect(ofOne.filter(({ ok }) => ok)).toStrictEqual([{ ok: true, data: { id: ids[index] } }])
        expect(ofOne.filter(({ ok }) => !ok)).toStrictEqual(Array(processes - 1).fill(absent))
      }
    })
  })

  test('of eight wrong guesses, five are counted, each once', async () => {
    await inBatches(async (ids) => {
      await Promise.all(ids.map((id) => TempDataCache.createCode('race', id)))

      const guesses = ids.flatMap((id) => [1, 2].map(() => ['race', id, 'wrong']))
      const results = await race<CodeVerification<object>>('verifyCode', guesses)

      const described = (one: CodeVerification<object>) =>
        one.ok ? 'ok' : `${one.reason} ${one.attemptsLeft}`
      for (let index = 0; index < results.length; index += 2) {
        const ofOne = [results[index], results[index + 1]].flat().map((one) => described(one as never))
        expect(ofOne.sort()).toStrictEqual([
          ...['absent 0', 'absent 0', 'absent 0', 'locked 0'],
          ...['wrong 1', 'wrong 2', 'wrong 3', 'wrong 4'],
        ])
      }
    })
  })
})
