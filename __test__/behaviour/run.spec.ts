import { describe, expect, jest, test } from '@jest/globals'
import { IdempotencyCache, IdempotencyError, redisManager, withLock } from 'redlatch'
import { eventually } from '../support/eventually'
import { uniqueKey } from '../support/samples'

/** Work that ends when it is told to, and counts how often it was called. */
function controlledWork<T>(value: T) {
  let end: () => void = () => undefined
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const work = {
    calls: 0,
    end: () => end(),
    async do(): Promise<T> {
      work.calls += 1
      await ended
      return value
    },
  }
  return work
}

const codeOf = (promise: Promise<unknown>) => promise.then(String, (error: { code: string }) => error.code)

describe('run', () => {
  test('of callers at once, one does the work and all get its result', async () => {
    const key = uniqueKey()
    const work = controlledWork({ url: '/order/1' })

    const all = Promise.all(Array.from({ length: 8 }, () => IdempotencyCache.run(key, work.do)))
    await expect(IdempotencyCache.run(key, work.do, { waitMs: 0 })).rejects.toMatchObject({
      code: 'ERR_IDEMPOTENCY_IN_PROGRESS',
      retryAfterMs: expect.any(Number),
    })
    work.end()

    expect(await all).toStrictEqual(Array.from({ length: 8 }, () => ({ url: '/order/1' })))
    expect(work.calls).toBe(1)
    expect(await IdempotencyCache.run(key, work.do)).toStrictEqual({ url: '/order/1' })
    expect(work.calls).toBe(1)
  })

  test('in 1,000 rounds of 8 callers, each key is run once', async () => {
    const calls: Record<string, number> = {}
    const rounds = Array.from({ length: 1_000 }, async () => {
      const key = uniqueKey()
      const work = async () => {
        calls[key] = (calls[key] ?? 0) + 1
        await undefined
        return `${key} ${calls[key]}`
      }
      const results = await Promise.all(Array.from({ length: 8 }, () => IdempotencyCache.run(key, work)))
      return [key, new Set(results)] as const
    })

    for (const [key, results] of await Promise.all(rounds)) {
      expect([...results]).toStrictEqual([`${key} 1`])
    }
  })

  test('callers get copies, so that no one changes the result of another', async () => {
    const key = uniqueKey()
    const run = () => IdempotencyCache.run(key, () => ({ items: [1] }))

    const [first, second] = await Promise.all([run(), run()])
    first?.items.push(2)

    expect(second).toStrictEqual({ items: [1] })
  })

  test.each([[undefined], [null], [0], [''], [[1, 'two']], [{ n: 1.5 }]])(
    '%p is a result, for the caller and for a duplicate',
    async (value) => {
      const key = uniqueKey()

      expect(await IdempotencyCache.run(key, () => value)).toStrictEqual(value)

      expect(await IdempotencyCache.run<unknown>(key, () => 'again')).toStrictEqual(value)
    },
  )

  test('a result that JSON cannot hold counts as done, and duplicates learn that it is missing', async () => {
    const key = uniqueKey()

    expect(await IdempotencyCache.run(key, () => 10n)).toBe(10n)

    expect(await codeOf(IdempotencyCache.run(key, () => 1n))).toBe('ERR_IDEMPOTENCY_NO_RESULT')
  })

  test('an error rejects for its caller and frees the key', async () => {
    const key = uniqueKey()
    const fail = () => Promise.reject(new Error('declined'))

    await expect(IdempotencyCache.run(key, fail)).rejects.toThrow('declined')

    expect(await IdempotencyCache.status(key)).toStrictEqual({ state: 'absent' })
    expect(await IdempotencyCache.run(key, () => 'second try')).toBe('second try')
  })

  test('waiting callers run when the one before them has failed', async () => {
    const key = uniqueKey()
    let calls = 0
    const run = () =>
      IdempotencyCache.run(key, async () => {
        calls += 1
        if (calls === 1) throw new Error('first')
        return calls
      })

    const [first, second, third] = await Promise.allSettled([run(), run(), run()])

    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'first' } })
    expect([second, third]).toStrictEqual([
      { status: 'fulfilled', value: 2 },
      { status: 'fulfilled', value: 2 },
    ])
  })

  test('an error can be the outcome', async () => {
    const key = uniqueKey()
    const declined = Object.assign(new Error('declined'), { code: 'card_declined' })
    const onError = (error: unknown) => (error === declined ? 'store' : 'release')
    const run = () => IdempotencyCache.run(key, () => Promise.reject(declined), { onError })

    await expect(run()).rejects.toBe(declined)

    const error = await run().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(IdempotencyError)
    expect(error).toMatchObject({
      code: 'ERR_IDEMPOTENCY_FAILED',
      cause: { name: 'Error', message: 'declined', code: 'card_declined' },
    })
    expect(await IdempotencyCache.status(key)).toMatchObject({ state: 'failed' })
  })

  test('the same key with another fingerprint is a mistake, while it runs and after', async () => {
    const key = uniqueKey()
    const work = controlledWork(1)
    const run = (fingerprint: string | object) => IdempotencyCache.run(key, work.do, { fingerprint })
    const first = run({ amount: 5, to: { a: 1, b: 2 } })

    expect(await codeOf(run({ amount: 6, to: { a: 1, b: 2 } }))).toBe('ERR_IDEMPOTENCY_MISMATCH')
    work.end()
    await first

    expect(await codeOf(run('text'))).toBe('ERR_IDEMPOTENCY_MISMATCH')
    expect(await run({ to: { b: 2, a: 1 }, amount: 5 })).toBe(1)
    expect(await codeOf(run({ to: { b: 2, a: 1 }, amount: '5' }))).toBe('ERR_IDEMPOTENCY_MISMATCH')
  })

  test('status tells how a key stands', async () => {
    const key = uniqueKey()
    const work = controlledWork(1)
    const before = Date.now()

    const first = IdempotencyCache.run(key, work.do)
    await IdempotencyCache.status(uniqueKey())
    const running = await IdempotencyCache.status(key)
    work.end()
    await first

    expect(running.state).toBe('running')
    expect(running.startedAt).toBeGreaterThanOrEqual(before)
    expect((await IdempotencyCache.status(key)).state).toBe('done')
    await IdempotencyCache.delete(key)
    expect(await IdempotencyCache.status(key)).toStrictEqual({ state: 'absent' })
  })

  test('a result that was stored by set is the outcome', async () => {
    const key = uniqueKey()
    await IdempotencyCache.set(key, { url: '/old' })

    expect(await IdempotencyCache.status(key)).toStrictEqual({ state: 'done' })
    expect(await IdempotencyCache.run(key, () => ({ url: '/new' }))).toStrictEqual({ url: '/old' })
    expect(await IdempotencyCache.get(key)).toStrictEqual({ url: '/old' })
  })

  test('a fence grows with every run', async () => {
    const key = uniqueKey()
    const fences: (number | undefined)[] = []
    for (let round = 0; round < 3; round += 1) {
      const note = ({ fence }: { fence?: number }) => {
        fences.push(fence)
        throw new Error('again')
      }
      await expect(IdempotencyCache.run(key, note, { fencing: true })).rejects.toThrow('again')
    }

    expect(fences).toStrictEqual([1, 2, 3])
  })

  test.each([
    ['has done the work', true],
    ['is still doing the work', false],
  ])('a run that was overtaken by one that %s returns the result of that one', async (_, isDone) => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { overtakenRuns } = redisManager.getMetrics()
    const key = uniqueKey()
    const store = (state: string) =>
      redisManager.set(`idempotency-run:${key}`, `{"s":"${state}","o":"other","f":"","a":1,"v":"other"}`, 60)

    const run = IdempotencyCache.run(key, async () => {
      await store(isDone ? 'done' : 'run')
      return 'own'
    })
    const duplicate = IdempotencyCache.run(key, () => 'duplicate')
    if (!isDone) {
      await eventually(
        async () => (await redisManager.get(`idempotency-run:${key}`))?.includes('other') ?? false,
      )
      await store('done')
    }

    expect(await Promise.all([run, duplicate])).toStrictEqual(['other', 'other'])
    expect(redisManager.getMetrics().overtakenRuns).toBe(overtakenRuns + 1)
    warn.mockRestore()
  })

  test('a run that was overtaken by one that takes longer than callers wait returns its own result', async () => {
    const key = uniqueKey()
    const other = '{"s":"run","o":"other","f":"","a":1}'

    const run = IdempotencyCache.run(
      key,
      async () => {
        await redisManager.set(`idempotency-run:${key}`, other, 60)
        return 'own'
      },
      { waitMs: 0 },
    )

    expect(await run).toBe('own')
    expect(await redisManager.get(`idempotency-run:${key}`)).toBe(other)
  })

  test('the signal aborts when the work takes too long', async () => {
    const reason = await IdempotencyCache.run(
      uniqueKey(),
      ({ signal }) =>
        new Promise<string>((resolve) => {
          signal.addEventListener('abort', () => resolve((signal.reason as IdempotencyError).code))
        }),
      { maxRunMs: 50 },
    )

    expect(reason).toBe('ERR_LEASE_LOST')
  })

  test.each([
    ['key', () => IdempotencyCache.run('', () => 1), RangeError, 'ERR_INVALID_ARG_VALUE'],
    ['work', () => IdempotencyCache.run('k', 1 as never), TypeError, 'ERR_INVALID_ARG_TYPE'],
    [
      'leaseMs',
      () => IdempotencyCache.run('k', () => 1, { leaseMs: 0 }),
      RangeError,
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'maxRunMs',
      () => IdempotencyCache.run('k', () => 1, { maxRunMs: 1.5 }),
      RangeError,
      'ERR_INVALID_ARG_VALUE',
    ],
    ['waitMs', () => IdempotencyCache.run('k', () => 1, { waitMs: -1 }), RangeError, 'ERR_INVALID_ARG_VALUE'],
    [
      'ttlSeconds',
      () => IdempotencyCache.run('k', () => 1, { ttlSeconds: 0 }),
      RangeError,
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'onError',
      () => IdempotencyCache.run('k', () => 1, { onError: 'no' as never }),
      RangeError,
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'onCrash',
      () => IdempotencyCache.run('k', () => 1, { onCrash: 'no' as never }),
      RangeError,
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'onOutage',
      () => withLock('k', () => 1, { onOutage: 'no' as never }),
      RangeError,
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'fingerprint',
      () => IdempotencyCache.run('k', () => 1, { fingerprint: 1 as never }),
      TypeError,
      'ERR_INVALID_ARG_TYPE',
    ],
    ['name', () => withLock('', () => 1), RangeError, 'ERR_INVALID_ARG_VALUE'],
  ])('a wrong %s rejects and names it', async (name, call, Class, code) => {
    const error = await call().catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(Class)
    expect(error).toMatchObject({ code, message: expect.stringContaining(name) })
  })
})

describe('withLock', () => {
  test('one caller at a time does its work', async () => {
    const name = uniqueKey()
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise(setImmediate)
      inside -= 1
      return most
    }

    const results = await Promise.all(Array.from({ length: 4 }, () => withLock(name, work)))

    expect(results).toStrictEqual([1, 1, 1, 1])
  })

  test('an error of the work frees the lock', async () => {
    const name = uniqueKey()
    const fail = () => Promise.reject(new Error('failed'))

    await expect(withLock(name, fail)).rejects.toThrow('failed')

    expect(await withLock(name, ({ key }) => key, { waitMs: 0 })).toBe(name)
  })

  test('a caller that has waited long enough gives up', async () => {
    const name = uniqueKey()
    const work = controlledWork(1)
    const first = withLock(name, work.do)

    expect(await codeOf(withLock(name, () => 2, { waitMs: 30 }))).toBe('ERR_LOCK_TIMEOUT')

    work.end()
    expect(await first).toBe(1)
  })
})
