import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { redisManager, type SessionCache } from 'redlatch'
import { type Gateway, startGateway } from '../support/gateway'
import { type Data, uniqueSessions, uniqueUser } from '../support/sessions'

/** REDLATCH_RACE_ROUNDS=10000 is the long run. */
const ROUNDS = Number(process.env.REDLATCH_RACE_ROUNDS ?? 200)
/** Rounds that are under way at one time, each with a session of its own. */
const AT_ONCE = 50
const PROCESSES = 4

jest.setTimeout(30_000 + ROUNDS * 60)

const program = join(__dirname, '..', 'support', 'session-process.cjs')

interface Task {
  action: string
  id?: string
  userId?: string
  name?: string
}

/** What each process made of its tasks. */
type Results = unknown[][]

describe.each(['upstash', 'redis'])('four processes on a gateway in mode %s', (mode) => {
  const prefix = `race-${mode}:`
  let gateway: Gateway
  let processes: ChildProcess[]
  let sessions: SessionCache<Data>

  beforeAll(async () => {
    gateway = await startGateway(['--mode', mode])
    const env = {
      PATH: process.env.PATH ?? '',
      UPSTASH_REDIS_REST_URL: gateway.url,
      UPSTASH_REDIS_REST_TOKEN: gateway.token,
      SESSION_PREFIX: prefix,
    }
    // No outage of ours may answer from memory: an error would tell.
    redisManager.configure({
      url: gateway.url,
      token: gateway.token,
      timeoutMs: 20_000,
      onOutage: { session: 'reject' },
    })
    sessions = uniqueSessions({ prefix })
    processes = Array.from({ length: PROCESSES }, () => fork(program, { env }))
    await Promise.all(processes.map((child) => once(child, 'message')))
  })

  afterAll(async () => {
    for (const child of processes) child.kill()
    await redisManager.close()
    redisManager.configure()
    await gateway.stop()
  })

  /** Sends each process its tasks at the same time. */
  const race = (tasks: Task[][]): Promise<Results> =>
    Promise.all(
      processes.map(async (child, index) => {
        child.send({ tasks: tasks[index] })
        const [{ results, error }] = await once(child, 'message')
        if (error) throw new Error(error)
        return results
      }),
    )

  interface Round {
    userId: string
    id: string
  }

  /** Runs all rounds: process `index` makes the task of `task`, then `check` gets a round and its results. */
  async function rounds(
    task: (round: Round, index: number) => Task,
    check: (round: Round, results: unknown[]) => Promise<void>,
  ) {
    for (let done = 0; done < ROUNDS; done += AT_ONCE) {
      const batch: Round[] = await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, ROUNDS - done) }, async () => {
          const userId = uniqueUser()
          return { userId, id: (await sessions.create({ userId, n: 0 })).id }
        }),
      )
      const results = await race(processes.map((_, index) => batch.map((round) => task(round, index))))
      await Promise.all(
        batch.map((round, index) =>
          check(
            round,
            results.map((all) => all[index]),
          ),
        ),
      )
    }
  }

  test('all changes of updates at the same time stay', async () => {
    await rounds(
      ({ id }, index) =>
        index < 2 ? { action: 'update', id, name: `field${index}` } : { action: 'increment', id },
      async ({ id }) => {
        expect(await sessions.get(id)).toMatchObject({ field0: true, field1: true, n: 2 })
      },
    )
  })

  test('a session that is destroyed during updates stays destroyed', async () => {
    await rounds(
      ({ id }, index) => ({
        action: ['update', 'destroy', 'increment', 'get'][index] ?? '',
        id,
        name: 'field',
      }),
      async ({ id }) => {
        expect(await sessions.get(id)).toBeNull()
        expect(await sessions.update(id, { n: 1 })).toBeNull()
      },
    )
  })

  test('a session that is revoked during refreshes stays revoked', async () => {
    await rounds(
      ({ id, userId }, index) => ({
        action: ['get', 'destroyAll', 'update', 'rotate'][index] ?? '',
        id,
        userId,
        name: 'field',
      }),
      async ({ id }, results) => {
        const moved = results[3] as string | null
        expect(await sessions.get(id)).toBeNull()
        expect(moved === null ? null : await sessions.get(moved)).toBeNull()
      },
    )
  })

  test('a revocation ends the session that others spare at the same time', async () => {
    await rounds(
      ({ id, userId }, index) => ({
        action: ['destroyOthers', 'destroyAll', 'destroyOthers', 'get'][index] ?? '',
        id,
        userId,
      }),
      async ({ id, userId }) => {
        const later = await sessions.create({ userId })

        expect(await sessions.get(id)).toBeNull()
        expect(await sessions.get(later.id)).toStrictEqual(later.session)
      },
    )
  })

  test('a session that several revocations spare at the same time counts afterwards', async () => {
    await rounds(
      ({ id, userId }, index) => ({
        action: index === 1 ? 'update' : 'destroyOthers',
        id,
        userId,
        name: 'field',
      }),
      async ({ id }) => {
        expect(await sessions.get(id)).toMatchObject({ field: true })
      },
    )
  })

  test('of sessions made during a revocation, each counts or does not, and those before it do not', async () => {
    await rounds(
      ({ userId }, index) => ({ action: index === 1 ? 'destroyAll' : 'create', userId }),
      async ({ id, userId }, results) => {
        const made = results.filter((result): result is string => typeof result === 'string')
        const first = await Promise.all(made.map((one) => sessions.get(one)))
        const later = await sessions.create({ userId })

        expect(made).toHaveLength(PROCESSES - 1)
        expect(await Promise.all(made.map((one) => sessions.get(one)))).toStrictEqual(first)
        expect(await sessions.get(id)).toBeNull()
        expect(await sessions.get(later.id)).toStrictEqual(later.session)
      },
    )
  })

  test('a session that is moved is alive under exactly one id', async () => {
    await rounds(
      ({ id }, index) => ({ action: ['rotate', 'get', 'increment', 'rotate'][index] ?? '', id }),
      async ({ id }, results) => {
        const moved = [results[0], results[3]].filter(
          (result): result is string => typeof result === 'string',
        )

        expect(moved).toHaveLength(1)
        expect(await sessions.get(id)).toBeNull()
        // A change that was acknowledged has moved with it.
        const n = results[2] === null ? 0 : 1
        expect(await sessions.get(moved[0] ?? '')).toMatchObject({ n })
      },
    )
  })
})
