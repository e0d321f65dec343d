import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { FormCache, type RedlatchOptions, redisManager } from 'redlatch'
import { sharedGateway } from '../support/gateway'
import { submission, uniqueKey } from '../support/samples'
import { thrown } from '../support/thrown'

const { url, token } = sharedGateway()
const configure = redisManager.configure as (options?: unknown) => void
const cacheType = () => redisManager.getCacheStats().cacheType

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
const info = jest.spyOn(console, 'info').mockImplementation(() => undefined)

beforeEach(() => {
  process.env.UPSTASH_REDIS_REST_URL = url
  process.env.UPSTASH_REDIS_REST_TOKEN = token
  delete process.env.DISABLE_REDIS
})

afterEach(async () => {
  await redisManager.close()
  redisManager.configure()
  warn.mockClear()
  info.mockClear()
})

describe('configure', () => {
  test('what is given replaces what the environment says, and nothing given brings that back', () => {
    const types = [cacheType()]
    redisManager.configure({ disableRedis: true })
    types.push(cacheType())
    redisManager.configure()
    types.push(cacheType())

    expect(types).toStrictEqual(['Redis', 'In-Memory', 'Redis'])
    expect(info).toHaveBeenCalledTimes(1)
  })

  test('url and token in code are used', async () => {
    delete process.env.UPSTASH_REDIS_REST_URL
    redisManager.configure({ url: ` ${url}/ `, token: ` ${token} ` })
    const key = uniqueKey()

    await redisManager.set(key, 'value', 60)

    expect(await redisManager.get(key)).toBe('value')
    expect(await redisManager.healthCheck()).toMatchObject({ status: 'healthy', mode: 'redis' })
    expect(warn).not.toHaveBeenCalled()
  })

  test.each([
    ['url', { url }, 'token is missing'],
    ['token', { token }, 'url is missing'],
  ])('with %s alone, the other is not taken from the environment', (_, options: RedlatchOptions, problem) => {
    redisManager.configure(options)

    expect(cacheType()).toBe('In-Memory')
    expect(warn.mock.calls).toStrictEqual([[expect.stringContaining(problem)]])
    expect(String(warn.mock.calls)).not.toContain(token)
  })

  test('disableRedis: false overrules the variable', () => {
    process.env.DISABLE_REDIS = 'true'
    redisManager.configure({ disableRedis: false })

    expect(cacheType()).toBe('Redis')
    expect(info).not.toHaveBeenCalled()
  })

  test('options that are undefined are not given', () => {
    configure({ url: undefined, token: undefined, timeoutMs: undefined, disableRedis: undefined, memory: {} })

    expect(cacheType()).toBe('Redis')
  })

  test('later settings replace earlier ones and are not added to them', () => {
    redisManager.configure({ disableRedis: true })
    redisManager.configure({ timeoutMs: 1000 })

    expect(cacheType()).toBe('Redis')
  })

  test('pending calls finish with the old settings', async () => {
    const key = uniqueKey()

    const written = FormCache.set(key, submission, 60)
    redisManager.configure({ disableRedis: true })
    await written
    const inMemory = await FormCache.get(key)
    redisManager.configure()

    expect(inMemory).toBeNull()
    expect(await FormCache.get(key)).toStrictEqual(submission)
  })

  test('a time limit in code is kept to', async () => {
    redisManager.configure({ url: 'http://192.0.2.1', token, timeoutMs: 50 })

    const { error } = await redisManager.healthCheck()

    expect(error).toMatch(/redis did not answer in time|cannot connect to redis/)
  })
})

describe('wrong options', () => {
  test.each([
    ['a number', 7, 'options'],
    ['a string', url, 'options'],
    ['a function', () => ({}), 'options'],
    ['a url that is no string', { url: new URL(url) }, 'options.url'],
    ['a token that is no string', { url, token: 7 }, 'options.token'],
    ['a time limit that is no number', { timeoutMs: '100' }, 'options.timeoutMs'],
    ['disableRedis that is no boolean', { disableRedis: 'true' }, 'options.disableRedis'],
    ['memory that is no object', { memory: 7 }, 'options.memory'],
    ['a number of entries that is none', { memory: { maxEntries: '7' } }, 'options.memory.maxEntries'],
    ['a number of bytes that is none', { memory: { maxBytes: 7n } }, 'options.memory.maxBytes'],
  ])('configure throws a TypeError for %s', (_, options, name) => {
    expectThrow(options, TypeError, 'ERR_INVALID_ARG_TYPE', name)
  })

  test.each(thrown)('a getter that throws %s is an error with that as its cause', (_, value) => {
    const throwing = {
      get() {
        throw value
      },
    }
    for (const [path, options] of [
      ['options.timeoutMs', Object.defineProperty({}, 'timeoutMs', throwing)],
      ['options.onOutage', Object.defineProperty({}, 'onOutage', throwing)],
      ['options.onOutage.form', { onOutage: Object.defineProperty({}, 'form', throwing) }],
      ['options.memory.maxBytes', { memory: Object.defineProperty({}, 'maxBytes', throwing) }],
    ] as const) {
      expect(expectThrow(options, TypeError, 'ERR_INVALID_ARG_VALUE', path, 'cannot be read').cause).toBe(
        value,
      )
    }
    const options = Object.defineProperty({}, 'format', throwing)
    expect(caughtFrom(() => redisManager.getMetrics(options))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringMatching(/^options\.format cannot be read/),
    })
  })

  test('options may come from getters and from a prototype', () => {
    class Options {
      get disableRedis() {
        return true
      }
    }

    redisManager.configure(new Options())

    expect(cacheType()).toBe('In-Memory')
  })

  test.each<[object, string]>([
    [{ timeoutMS: 100 }, 'options.timeoutMS is not an option; did you mean timeoutMs?'],
    [{ URL: url }, 'options.URL is not an option; did you mean url?'],
    [{ memory: { maxentries: 1 } }, 'options.memory.maxentries is not an option; did you mean maxEntries?'],
    [{ onOutage: { forms: 'reject' } }, 'options.onOutage.forms is not an option; did you mean form?'],
    [{ disableRedis: true, onoutage: {} }, 'options.onoutage is not an option; did you mean onOutage?'],
    [
      { retries: undefined },
      'options.retries is not an option; the options are url, token, timeoutMs, maxResponseBytes, disableRedis, ' +
        'onOutage, memory',
    ],
  ])('configure throws a TypeError for the option of %j, which there is not', (options, message) => {
    const name = message.slice(0, message.indexOf(' '))
    expect(expectThrow(options, TypeError, 'ERR_INVALID_ARG_VALUE', name, 'is not an option').message).toBe(
      message,
    )
  })

  test('what the names of the options throw is the cause', () => {
    const thrown = new Error('no names')
    const options = new Proxy(
      {},
      {
        ownKeys() {
          throw thrown
        },
      },
    )

    const { cause } = expectThrow(options, TypeError, 'ERR_INVALID_ARG_VALUE', 'options', 'cannot be read')

    expect(cause).toBe(thrown)
  })

  const noCount = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]

  test.each([
    ...noCount.map((value): [number, object, string] => [value, { timeoutMs: value }, 'options.timeoutMs']),
    ...['maxEntries', 'maxBytes'].flatMap((name) =>
      noCount.map((value): [number, object, string] => [
        value,
        { memory: { [name]: value } },
        `options.memory.${name}`,
      ]),
    ),
  ])('configure throws a RangeError for %p in %j as %s', (_, options, name) => {
    expectThrow(options, RangeError, 'ERR_INVALID_ARG_VALUE', name)
  })

  function caughtFrom(act: () => unknown): Error {
    try {
      act()
    } catch (error) {
      return error as Error
    }
    throw new Error('nothing was thrown')
  }

  function expectThrow(
    options: unknown,
    errorClass: typeof Error,
    code: string,
    name: string,
    problem = 'must be ',
  ): Error {
    redisManager.configure({ disableRedis: true })

    const caught = caughtFrom(() => configure(options))

    expect(caught).toBeInstanceOf(errorClass)
    expect(caught).toMatchObject({ code, message: expect.stringMatching(new RegExp(`^${name} ${problem}`)) })
    expect(String(caught)).not.toContain(url)
    // What was set before stays in force.
    expect(cacheType()).toBe('In-Memory')
    return caught
  }
})
