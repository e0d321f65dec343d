import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { IdempotencyCache, redisManager, withLock } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Gateway, startGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

jest.setTimeout(60_000)

const TIMEOUT_MS = 400

/** Faults that lose a reply, or have it come too late. */
const LOST = [
  { fault: 'drop' },
  { fault: 'executeThenDrop' },
  { fault: 'reset' },
  { fault: 'truncate' },
  { fault: 'latency', ms: 2 * TIMEOUT_MS },
]

describe.each([
  ['commands for conditions, as Upstash has', []],
  ['scripts for conditions, as Redis 7 needs', ['--mode', 'redis']],
])('run with %s', (_, options) => {
  let gateway: Gateway

  beforeAll(async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    jest.spyOn(console, 'info').mockImplementation(() => undefined)
    gateway = await startGateway(options)
    redisManager.configure({ url: gateway.url, token: gateway.token, timeoutMs: TIMEOUT_MS })
  })

  afterEach(() => gateway.clearFaults())

  afterAll(async () => {
    await redisManager.close()
    redisManager.configure()
    await gateway.stop()
    jest.restoreAllMocks()
  })

  const lose = (fault: (typeof LOST)[number]) => gateway.setFault({ ...fault, requests: 1 })

  /** Resolves when the gateway has seen so many more requests. */
  const afterRequests = async (count: number) => {
    const before = (await gateway.counters()).requests
    await eventually(async () => (await gateway.counters()).requests >= before + count)
  }

  test.each(LOST)('when $fault hits the claim, the work is done once and its result kept', async (fault) => {
    const key = uniqueKey()
    let calls = 0
    const run = () => IdempotencyCache.run(key, () => (calls += 1))
    await lose(fault)

    expect([await run(), await run()]).toStrictEqual([1, 1])

    expect(calls).toBe(1)
  })

  test.each(LOST)('when $fault hits the finish, the work is done once and its result kept', async (fault) => {
    const key = uniqueKey()
    let calls = 0
    const run = () =>
      IdempotencyCache.run(key, async () => {
        await lose(fault)
        calls += 1
        return calls
      })

    expect([await run(), await run()]).toStrictEqual([1, 1])

    expect(calls).toBe(1)
  })

  test.each(LOST)('when $fault hits a replay, it is the result of the first run', async (fault) => {
    const key = uniqueKey()
    await IdempotencyCache.run(key, () => 1)
    await lose(fault)

    expect(await IdempotencyCache.run(key, () => 2)).toBe(1)
  })

  test.each(LOST)('when $fault hits a renewal, the lease is kept', async (fault) => {
    const key = uniqueKey()
    const leaseMs = 3 * TIMEOUT_MS

    const result = await IdempotencyCache.run(
      key,
      async ({ signal }) => {
        await lose(fault)
        // The lost renewal, what mends it, and the two after it.
        await afterRequests(4)
        expect(await redisManager.exists(`idempotency-run:${key}`)).toBe(true)
        return signal.aborted
      },
      { leaseMs },
    )

    expect(result).toBe(false)
  })

  test.each(LOST)('when $fault hits the release of a lock, the next caller gets it', async (fault) => {
    const name = uniqueKey()
    await withLock(name, () => lose(fault), { leaseMs: 60_000 })

    expect(await withLock(name, () => 'next', { waitMs: 0 })).toBe('next')
  })

  test('an outage in the middle of the work does not stop it, and its outcome is replayed', async () => {
    const key = uniqueKey()

    const result = await IdempotencyCache.run(key, async () => {
      await gateway.setFault({ fault: 'refuse' })
      await redisManager.exists('any')
      return 'done'
    })
    await gateway.clearFaults()
    await redisManager.drain()

    expect(result).toBe('done')
    expect(await redisManager.get(`idempotency-run:${key}`)).toMatch('"v":"done"')
  })

  test('reject rejects before the work is called', async () => {
    await gateway.setFault({ fault: 'refuse' })
    let calls = 0

    const run = IdempotencyCache.run(uniqueKey(), () => (calls += 1), { onOutage: 'reject' })

    await expect(run).rejects.toMatchObject({ code: 'ERR_REDIS_UNAVAILABLE' })
    expect(calls).toBe(0)
  })

  test('close waits for the work, and its outcome is stored', async () => {
    const key = uniqueKey()
    let end: (value: string) => void = () => undefined
    const work = () =>
      new Promise<string>((resolve) => {
        end = resolve
      })
    const run = IdempotencyCache.run(key, work)
    await afterRequests(1)

    const closed = redisManager.close()
    end('done')
    await closed

    expect(await run).toBe('done')
    expect((await IdempotencyCache.status(key)).state).toBe('done')
  })

  test('a claim, a finish and a replay are one request each, and a call that joins is none', async () => {
    const key = uniqueKey()
    await eventually(() => redisManager.getCacheStats().isRedisAvailable)
    await IdempotencyCache.run(uniqueKey(), () => 1)
    const seen = [(await gateway.counters()).requests]
    const count = async () => seen.push((await gateway.counters()).requests)
    let joined: Promise<string> | undefined

    const result = await IdempotencyCache.run(key, async () => {
      await count()
      joined = IdempotencyCache.run(key, () => 'another')
      await new Promise(setImmediate)
      await count()
      return 'the first'
    })
    await count()
    const replayed = await IdempotencyCache.run(key, () => 'another')
    await count()

    const [claim, join, finish, replay] = seen.slice(1).map((requests, step) => requests - (seen[step] ?? 0))
    expect({ claim, join, finish, replay }).toStrictEqual({ claim: 1, join: 0, finish: 1, replay: 1 })
    expect([result, await joined, replayed]).toStrictEqual(['the first', 'the first', 'the first'])
  })
})
