import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CustomerCache, FormCache, IdempotencyCache, redisManager, TempDataCache } from 'redlatch'
import { type Gateway, startGateway } from '../support/gateway'
import { healthChecks, type Method, methods, validArguments } from '../support/methods'
import { claim, customer, submission, uniqueKey } from '../support/samples'

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway()
  redisManager.configure({ url: gateway.url, token: gateway.token })
  await teachScripts()
})

afterAll(async () => {
  await redisManager.close()
  await gateway.stop()
})

/** Has Redis know the scripts, which it forgets when it restarts. */
async function teachScripts() {
  const key = uniqueKey()
  await FormCache.set(key, submission)
  await FormCache.markFailed(key)
  await redisManager.set(`form:${key}`, 'corrupt', 60)
  await FormCache.get(key)
  await TempDataCache.verifyCode('test', key, '000000')
}

/** The number of HTTP requests that `work` takes. */
async function requestsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await gateway.counters()
  await work()
  const after = await gateway.counters()
  return after.requests - before.requests
}

/** What a method finds in the store: for most it makes no difference to the number of requests, so try all. */
const states: [state: string, prepare: (method: Method, key: string) => Promise<unknown>][] = [
  ['no entry', async () => undefined],
  ['an entry that it has just written', (method, key) => writeOf(method)(key)],
]

function writeOf({ name }: Method): (key: string) => Promise<unknown> {
  if (name.startsWith('IdempotencyCache')) return (key) => IdempotencyCache.set(key, { url: '/' })
  if (name.startsWith('FormCache')) return (key) => FormCache.tryAcquireProcessing(key, claim)
  if (name.startsWith('CustomerCache')) return (key) => CustomerCache.setCustomer(key, customer)
  if (name.startsWith('TempDataCache')) return (key) => TempDataCache.put('test', key, {})
  return (key) => redisManager.set(key, '1', 60)
}

describe('a call is one request', () => {
  const cases = methods.flatMap((method) =>
    states.map(([state, prepare]): [string, string, Method, typeof prepare] => [
      method.name,
      state,
      method,
      prepare,
    ]),
  )

  test.each(cases)('%s with %s is one request', async (_, _state, method, prepare) => {
    const args = validArguments(method)
    if (typeof args[0] === 'string') await prepare(method, args[0])

    expect(await requestsOf(() => method.call(...args))).toBe(1)
  })

  test.each(healthChecks)('%s.healthCheck is one request', async (_, check) => {
    expect(await requestsOf(check)).toBe(1)
  })

  const acquire = (key: string) => FormCache.tryAcquireProcessing(key, claim)
  const seenBy: [how: string, see: (key: string) => Promise<unknown>][] = [
    ['tryAcquireProcessing', acquire],
    ['set', (key) => FormCache.set(key, submission)],
    [
      'get',
      (key) => redisManager.set(`form:${key}`, JSON.stringify(submission), 60).then(() => FormCache.get(key)),
    ],
    [
      'isProcessing',
      (key) =>
        redisManager
          .set(`form:${key}`, JSON.stringify(submission), 60)
          .then(() => FormCache.isProcessing(key)),
    ],
    ['another mark', (key) => acquire(key).then(() => FormCache.markFailed(key))],
  ]
  const marks = (['markCompleted', 'markFailed'] as const).flatMap((mark) =>
    seenBy.map(([how, see]) => [mark, how, see] as const),
  )

  test.each(marks)('%s after %s in the same process is one request', async (mark, _, see) => {
    const key = uniqueKey()
    await see(key)

    expect(await requestsOf(() => FormCache[mark](key))).toBe(1)
    expect((await FormCache.get(key))?.status).toBe(mark === 'markFailed' ? 'failed' : 'completed')
  })

  test('deleteCustomer with both mappings is one request and one command', async () => {
    const before = await gateway.counters()

    await CustomerCache.deleteCustomer(uniqueKey(), uniqueKey(), uniqueKey())

    const after = await gateway.counters()
    expect(after.requests - before.requests).toBe(1)
    expect(after.commands.total - before.commands.total).toBe(1)
  })
})

describe('a call is no request', () => {
  test('mget of no keys is no request', async () => {
    expect(await requestsOf(() => redisManager.mget([]))).toBe(0)
  })

  test('getCacheStats is no request', async () => {
    expect(await requestsOf(async () => redisManager.getCacheStats())).toBe(0)
  })

  test('a call that rejects for its arguments is no request', async () => {
    expect(await requestsOf(() => redisManager.set('', 'value').catch(() => undefined))).toBe(0)
  })
})

describe('the exceptions', () => {
  test.each(['markCompleted', 'markFailed'] as const)(
    '%s of an entry that this process has never seen is two requests',
    async (mark) => {
      const key = uniqueKey()
      await redisManager.set(`form:${key}`, JSON.stringify(submission), 60)

      expect(await requestsOf(() => FormCache[mark](key))).toBe(2)
    },
  )

  test('a mark of an entry that someone else has changed meanwhile is three requests', async () => {
    const key = uniqueKey()
    await FormCache.set(key, submission)
    await redisManager.set(`form:${key}`, JSON.stringify({ ...submission, eventId: 'evt_2' }), 60)

    // The swap, a look at what is there, and another swap.
    expect(await requestsOf(() => FormCache.markFailed(key))).toBe(3)
  })

  const readers: [name: string, prefix: string, read: (key: string) => Promise<unknown>][] = [
    ['IdempotencyCache.get', 'idempotency:', IdempotencyCache.get],
    ['FormCache.get', 'form:', FormCache.get],
    ['FormCache.isProcessing', 'form:', FormCache.isProcessing],
    ['CustomerCache.getCustomer', 'customer:', CustomerCache.getCustomer],
    ['CustomerCache.getSubscription', 'subscription:', CustomerCache.getSubscription],
  ]

  test.each(readers)('%s of a corrupt entry, which it removes, is two requests', async (_, prefix, read) => {
    const key = uniqueKey()
    await redisManager.set(prefix + key, 'corrupt', 60)

    expect(await requestsOf(() => read(key))).toBe(2)
  })

  test('a server without IFEQ takes more requests the first time, and a script is sent again after a restart', async () => {
    const plain = await startGateway(['--mode', 'redis'])
    redisManager.configure({ url: plain.url, token: plain.token })
    const marked = async () => {
      const key = uniqueKey()
      await FormCache.set(key, submission)
      const before = (await plain.counters()).requests
      await FormCache.markFailed(key)
      return (await plain.counters()).requests - before
    }

    const [first, second] = [await marked(), await marked()]
    await plain.restartRedis()
    const [third, fourth] = [await marked(), await marked()]

    // IFEQ is refused, then the flags of the script, by its digest and by its text each; then it goes by its text.
    expect([first, second, third, fourth]).toStrictEqual([5, 1, 2, 1])
    await redisManager.close()
    redisManager.configure({ url: gateway.url, token: gateway.token })
    await plain.stop()
  })
})

describe('calls of one turn', () => {
  test('a call of every method, made in one turn, is one request', async () => {
    const requests = await requestsOf(() =>
      Promise.all([
        ...methods.map((method) => method.call(...validArguments(method))),
        ...healthChecks.map(([, check]) => check()),
      ]),
    )

    expect(requests).toBe(1)
  })

  test('500 calls of one turn are one request with 500 commands', async () => {
    const before = await gateway.counters()

    await Promise.all(Array.from({ length: 500 }, () => redisManager.get(uniqueKey())))

    const after = await gateway.counters()
    expect(after.requests - before.requests).toBe(1)
    expect(after.commands.total - before.commands.total).toBe(500)
  })

  test('a call joins that is made in a microtask which was queued before the first', async () => {
    const requests = await requestsOf(() => {
      const later = Promise.resolve().then(() => redisManager.get(uniqueKey()))
      return Promise.all([redisManager.get(uniqueKey()), later])
    })

    expect(requests).toBe(1)
  })

  test('what continues from the answers of one request shares requests again', async () => {
    const work = async () => {
      await redisManager.get(uniqueKey())
      await redisManager.get(uniqueKey())
      await redisManager.get(uniqueKey())
    }

    const requests = await requestsOf(() => Promise.all(Array.from({ length: 50 }, work)))

    expect(requests).toBe(3)
  })

  test('all requests share one connection when they follow each other', async () => {
    const before = await gateway.counters()

    for (let call = 0; call < 20; call += 1) await redisManager.get(uniqueKey())

    const after = await gateway.counters()
    // The counters themselves are read through the other port.
    expect(after.connections - before.connections).toBeLessThanOrEqual(1)
  })
})
