import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { IdempotencyCache, redisManager } from 'redlatch'
import { type Gateway, startGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

jest.setTimeout(60_000)

const program = join(__dirname, '..', 'support', 'run-process.cjs')
const folder = mkdtempSync(join(tmpdir(), 'redlatch-run-'))

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway()
  redisManager.configure({ url: gateway.url, token: gateway.token })
})

afterAll(async () => {
  await redisManager.close()
  redisManager.configure()
  await gateway.stop()
  rmSync(folder, { recursive: true })
})

interface Runner {
  child: ChildProcess
  /** The messages until now, and the next one for which `isIt` holds. */
  next(isIt: (message: unknown) => boolean): Promise<unknown>
  results(): Promise<string[]>
}

let runners = 0

/** Starts a process that runs `keys` one after the other. */
function start(
  keys: string[],
  file: string,
  { options = {}, workMs = 0, mode = '' }: { options?: object; workMs?: number; mode?: string } = {},
): Runner {
  runners += 1
  const child = fork(program, {
    env: {
      PATH: process.env.PATH ?? '',
      UPSTASH_REDIS_REST_URL: gateway.url,
      UPSTASH_REDIS_REST_TOKEN: gateway.token,
      RUN_KEYS: JSON.stringify(keys),
      RUN_FILE: file,
      RUN_OPTIONS: JSON.stringify(options),
      RUN_WORK_MS: String(workMs),
      RUN_MODE: mode,
      RUN_NAME: `runner${runners}`,
    },
  })
  const received: unknown[] = []
  child.on('message', (message) => received.push(message))
  const next = async (isIt: (message: unknown) => boolean) => {
    for (;;) {
      const found = received.find(isIt)
      if (found !== undefined) return found
      await once(child, 'message')
    }
  }
  const isResults = (message: unknown) => typeof message === 'object'
  return {
    child,
    next,
    results: async () => ((await next(isResults)) as { results: string[] }).results,
  }
}

const isWorking = (message: unknown) => message === 'working'

/** How often the work of each key was called. */
function executions(file: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const key of readFileSync(file, 'utf8').trim().split('\n')) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

const newFile = () => join(folder, uniqueKey())

describe('run in several processes', () => {
  test('each key is run once, and all processes get its result', async () => {
    const keys = Array.from({ length: 1_000 }, uniqueKey)
    const file = newFile()

    const all = await Promise.all(Array.from({ length: 8 }, () => start(keys, file, { workMs: 1 }).results()))

    expect(executions(file)).toStrictEqual(Object.fromEntries(keys.map((key) => [key, 1])))
    for (const results of all) expect(results).toStrictEqual(all[0])
  })

  test('when the runner is killed, another runs after the lease and not before', async () => {
    const key = uniqueKey()
    const file = newFile()
    const first = start([key], file, { workMs: 60_000, options: { leaseMs: 1_500 } })
    await first.next(isWorking)
    first.child.kill('SIGKILL')

    const atOnce = IdempotencyCache.run(key, () => 'too early', { waitMs: 0 })
    await expect(atOnce).rejects.toMatchObject({ code: 'ERR_IDEMPOTENCY_IN_PROGRESS' })
    const [result] = await start([key], file, { options: { leaseMs: 1_500 } }).results()

    expect(result).toMatch(/^runner\d+ /)
    expect(executions(file)).toStrictEqual({ [key]: 2 })
  })

  test('when a runner that blocks its key is killed, nobody runs', async () => {
    const key = uniqueKey()
    const file = newFile()
    const options = { leaseMs: 300, onCrash: 'block' }
    const first = start([key], file, { workMs: 60_000, options })
    await first.next(isWorking)
    first.child.kill('SIGKILL')

    const [result] = await start([key], file, { options: { ...options, waitMs: 1_000 } }).results()

    expect(result).toBe('ERR_IDEMPOTENCY_IN_PROGRESS')
    expect(executions(file)).toStrictEqual({ [key]: 1 })
  })

  test('a blocked event loop does not lose the lease', async () => {
    const key = uniqueKey()
    const file = newFile()
    const options = { leaseMs: 400 }
    const first = start([key], file, { workMs: 1_600, mode: 'block', options })
    await first.next(isWorking)

    const second = start([key], file, { options })

    const [results, others] = await Promise.all([first.results(), second.results()])
    expect(others).toStrictEqual(results)
    expect(executions(file)).toStrictEqual({ [key]: 1 })
  })

  test('a runner that was stopped too long learns it, and returns the result of the one after it', async () => {
    const key = uniqueKey()
    const file = newFile()
    const options = { leaseMs: 600 }
    const first = start([key], file, { workMs: 3_000, options })
    await first.next(isWorking)
    first.child.kill('SIGSTOP')

    const [result] = await start([key], file, { options }).results()
    first.child.kill('SIGCONT')

    expect(await first.next((message) => message === 'ERR_LEASE_LOST')).toBe('ERR_LEASE_LOST')
    expect(await first.results()).toStrictEqual([result])
    expect(executions(file)).toStrictEqual({ [key]: 2 })
  })
})
