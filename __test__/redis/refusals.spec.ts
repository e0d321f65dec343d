import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Redis } from '@upstash/redis'
import { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'
import { type Gateway, startGateway } from '../support/gateway'
import { type Method, methods, validArguments } from '../support/methods'
import { rejection } from '../support/rejection'
import { claim, uniqueKey } from '../support/samples'

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)

let gateway: Gateway
let official: Redis

beforeAll(async () => {
  gateway = await startGateway(['--max-request-bytes', '1000000'])
  official = new Redis({ url: gateway.url, token: gateway.token, enableTelemetry: false })
})

afterAll(async () => {
  await redisManager.close()
  await gateway.stop()
})

afterEach(() => {
  // A refusal is an answer: nothing degrades, nothing goes to memory and there is nothing to tell.
  expect(redisManager.getCacheStats()).toStrictEqual({
    isRedisAvailable: true,
    inMemoryCacheSize: 0,
    cacheType: 'Redis',
  })
  // A token that may only read is a wrong setting, which is told. No other refusal is.
  expect(warn.mock.calls.filter(([text]) => !String(text).includes('NOPERM'))).toStrictEqual([])
})

function expectRefusal(error: Error, text: RegExp, ...secrets: string[]) {
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ constructor: Error, name: 'Error', code: 'ERR_REDIS_REPLY' })
  expect(error.message).toMatch(text)
  for (const secret of secrets) expect(error.message).not.toContain(secret)
}

describe('a key that holds a list', () => {
  beforeAll(() => redisManager.configure({ url: gateway.url, token: gateway.token }))

  const seen = [
    'get',
    'incr',
    'isProcessing',
    'getCustomer',
    'getCustomerByUserId',
    'getCustomerByEmail',
    'getSubscription',
  ]
  const marks = ['markCompleted', 'markFailed']
  const refused = methods.filter(({ name }) => [...seen, ...marks].includes(name.split('.')[1] ?? ''))

  test.each(refused.map((method): [string, Method] => [method.name, method]))(
    '%s rejects with ERR_REDIS_REPLY, and with the text of Redis but not the key',
    async (_, method) => {
      const name = `${uniqueKey()}@example.com`
      await official.lpush(method.prefix + name, 'element')
      const args = validArguments(method)
      args[0] = name

      const error = await rejection(() => method.call(...args))

      expectRefusal(
        error,
        /WRONGTYPE Operation against a key holding the wrong kind of value/,
        name,
        'element',
      )
      expect(error.message).toContain(method.prefix)
      expect(await official.type(method.prefix + name)).toBe('list')
    },
  )

  test('setNx and tryAcquireProcessing are false, as for any live entry', async () => {
    const name = uniqueKey()
    await official.lpush(name, 'element')
    await official.lpush(`form:${name}`, 'element')

    expect(await redisManager.setNx(name, 'value', 60)).toBe(false)
    expect(await FormCache.tryAcquireProcessing(name, claim)).toBe(false)
  })

  test('a refused call does not disturb the others of its request', async () => {
    const [list, text] = [uniqueKey(), uniqueKey()]
    await official.lpush(list, 'element')

    const [set, refused, get] = await Promise.allSettled([
      redisManager.set(text, 'value', 60),
      redisManager.get(list),
      redisManager.get(text),
    ])

    expect(set?.status).toBe('fulfilled')
    expect(refused?.status).toBe('rejected')
    expect(get).toStrictEqual({ status: 'fulfilled', value: 'value' })
  })
})

describe('a command that is too large', () => {
  beforeAll(() => redisManager.configure({ url: gateway.url, token: gateway.token }))

  test('set rejects with ERR_REDIS_REPLY and stores nothing', async () => {
    const key = `${uniqueKey()}@example.com`

    const error = await rejection(() => redisManager.set(key, 'secret'.repeat(200_000), 60))

    expectRefusal(error, /SET.*ERR max request size exceeded/, key, 'secret')
    expect(await redisManager.exists(key)).toBe(false)
  })
})

describe('a read-only token', () => {
  beforeAll(() => redisManager.configure({ url: gateway.url, token: gateway.readOnlyToken }))

  const writers = methods.filter(({ name }) => /\.(set|incr|expire|del|tryAcquire)/.test(name))

  test.each(writers.map((method): [string, Method] => [method.name, method]))(
    '%s rejects with ERR_REDIS_REPLY and stores nothing',
    async (_, method) => {
      const args = validArguments(method)

      const error = await rejection(() => method.call(...args))

      expectRefusal(error, /NOPERM/, String(args[0]), gateway.readOnlyToken)
      expect(await official.exists(method.prefix + args[0])).toBe(0)
    },
  )

  test('is told once, with what to do', () => {
    expect(warn.mock.calls).toStrictEqual([
      [expect.stringMatching(/NOPERM .* read-only token, .* run npx redlatch doctor\.$/)],
    ])
    expect(String(warn.mock.calls)).not.toContain(gateway.readOnlyToken)
  })

  test('reads are answered', async () => {
    const key = uniqueKey()
    await official.set(key, 'value')
    await official.set(`idempotency:${key}`, { url: '/' })
    await official.set(`user:${key}`, 'cus_1')

    expect(await redisManager.get(key)).toBe('value')
    expect(await redisManager.exists(key)).toBe(true)
    expect(await redisManager.mget([key])).toStrictEqual(['value'])
    expect(await IdempotencyCache.get(key)).toStrictEqual({ url: '/' })
    expect(await CustomerCache.getCustomerByUserId(key)).toBe('cus_1')
    expect(await redisManager.healthCheck()).toMatchObject({ status: 'healthy' })
  })
})
