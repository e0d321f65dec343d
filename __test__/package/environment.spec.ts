import { describe, expect, jest, test } from '@jest/globals'
import { sharedGateway } from '../support/gateway'
import { outputOf, runNode } from '../support/run-node'

const { url, token } = sharedGateway()
const [UPSTASH_URL, UPSTASH_TOKEN] = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'] as const
const [KV_URL, KV_TOKEN] = ['KV_REST_API_URL', 'KV_REST_API_TOKEN'] as const
const secret = 'secret-token-0123456789'

/** Says where values go, after several looks. Takes no request. */
const askWhere = `const { redisManager } = require('redlatch')
  redisManager.getCacheStats()
  redisManager.getCacheStats()
  console.log(redisManager.getCacheStats().cacheType)`

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

describe('where values go', () => {
  test.each([
    ['nothing', {}, 'In-Memory'],
    ['both variables', { [UPSTASH_URL]: url, [UPSTASH_TOKEN]: secret }, 'Redis'],
    ['an https URL', { [UPSTASH_URL]: 'https://redis.invalid', [UPSTASH_TOKEN]: secret }, 'Redis'],
    ['localhost', { [UPSTASH_URL]: 'http://localhost:1', [UPSTASH_TOKEN]: secret }, 'Redis'],
    ['IPv6 loopback', { [UPSTASH_URL]: 'http://[::1]:1/', [UPSTASH_TOKEN]: secret }, 'Redis'],
    ['variables that are empty', { [UPSTASH_URL]: '', [UPSTASH_TOKEN]: ' ' }, 'In-Memory'],
    [
      'both pairs, of which the deprecated one is left alone',
      { [UPSTASH_URL]: url, [UPSTASH_TOKEN]: secret, [KV_URL]: 'nonsense', [KV_TOKEN]: 'nonsense' },
      'Redis',
    ],
    ['DISABLE_REDIS=false', { [UPSTASH_URL]: url, [UPSTASH_TOKEN]: secret, DISABLE_REDIS: 'false' }, 'Redis'],
  ])('with %s there is nothing to tell', async (_, env: Record<string, string>, cacheType) => {
    expect(await outputOf(askWhere, env)).toBe(cacheType)
  })

  test.each([
    ['only the URL', { [UPSTASH_URL]: url }, 'In-Memory', /UPSTASH_REDIS_REST_TOKEN is missing/],
    ['only the token', { [UPSTASH_TOKEN]: secret }, 'In-Memory', /UPSTASH_REDIS_REST_URL is missing/],
    [
      'an empty token',
      { [UPSTASH_URL]: url, [UPSTASH_TOKEN]: '' },
      'In-Memory',
      /UPSTASH_REDIS_REST_TOKEN is empty/,
    ],
    [
      'a URL that is not http(s)',
      { [UPSTASH_URL]: `redis://default:${secret}@localhost:1`, [UPSTASH_TOKEN]: secret },
      'In-Memory',
      /UPSTASH_REDIS_REST_URL .*http/,
    ],
    [
      'a URL that is none',
      { [UPSTASH_URL]: 'redis.invalid', [UPSTASH_TOKEN]: secret },
      'In-Memory',
      /UPSTASH_REDIS_REST_URL .*http/,
    ],
    [
      'a URL with a port that does not exist',
      { [UPSTASH_URL]: 'https://redis.invalid:65536', [UPSTASH_TOKEN]: secret },
      'In-Memory',
      /UPSTASH_REDIS_REST_URL is not an http\(s\) URL: its port is above 65535;/,
    ],
    [
      'the deprecated variables',
      { [KV_URL]: url, [KV_TOKEN]: secret },
      'Redis',
      /KV_REST_API_URL.*deprecated.*UPSTASH_REDIS_REST_URL/,
    ],
    [
      'a plain http URL to another host',
      { [UPSTASH_URL]: 'http://redis.invalid', [UPSTASH_TOKEN]: secret },
      'Redis',
      /UPSTASH_REDIS_REST_URL is a plain http URL/,
    ],
  ])('with %s there is one warning', async (_, env: Record<string, string>, cacheType, warning) => {
    const ended = await runNode(askWhere, env)

    expect(ended).toMatchObject({ code: 0, stdout: `${cacheType}\n` })
    expect(lines(ended.stderr)).toStrictEqual([expect.stringMatching(warning)])
    expect(ended.stderr).toMatch(/^redlatch: /)
    expect(ended.stderr).not.toContain(secret)
  })

  test('with DISABLE_REDIS=true there is one notice', async () => {
    const env = { [UPSTASH_URL]: url, [UPSTASH_TOKEN]: secret, DISABLE_REDIS: 'true' }

    const output = await outputOf(askWhere, env)

    expect(lines(output)).toStrictEqual([expect.stringMatching(/^redlatch: .*disabled/), 'In-Memory'])
  })
})

describe('what the variables are good for', () => {
  const use = `const { redisManager } = require('redlatch')
    const key = 'environment-' + process.pid + Date.now()
    redisManager.set(key, 'value', 60).then(async () => {
      const { status, mode } = await redisManager.healthCheck()
      console.log(await redisManager.get(key), status, mode)
    })`

  test.each([
    ['as they are', { [UPSTASH_URL]: url, [UPSTASH_TOKEN]: token }],
    ['with white space around', { [UPSTASH_URL]: ` \t${url}\n`, [UPSTASH_TOKEN]: ` ${token}\r\n` }],
    ['with a trailing slash', { [UPSTASH_URL]: `${url}/`, [UPSTASH_TOKEN]: token }],
    ['with a slash and white space', { [UPSTASH_URL]: ` ${url}/ `, [UPSTASH_TOKEN]: token }],
  ])('Redis is used with the variables %s', async (_, env: Record<string, string>) => {
    expect(await outputOf(use, env)).toBe('value healthy redis')
  })

  test('Redis is used with the deprecated variables', async () => {
    const { stdout } = await runNode(use, { [KV_URL]: ` ${url}/`, [KV_TOKEN]: token })

    expect(stdout).toBe('value healthy redis\n')
  })

  test.each([
    ['healthy', 'no variables', {}],
    ['unhealthy', 'half of them', { [UPSTASH_URL]: url }],
    ['healthy', 'DISABLE_REDIS=true', { [UPSTASH_URL]: url, [UPSTASH_TOKEN]: token, DISABLE_REDIS: 'true' }],
  ])('memory is used and %s with %s', async (status, _, env: Record<string, string>) => {
    expect(lines((await runNode(use, env)).stdout).at(-1)).toBe(`value ${status} in-memory`)
  })
})

describe('when the variables are read', () => {
  const late = (before: string) => `const { redisManager } = require('redlatch')
    ${before}
    process.env.${UPSTASH_URL} = ${JSON.stringify(url)}
    process.env.${UPSTASH_TOKEN} = ${JSON.stringify(token)}
    console.log(redisManager.getCacheStats().cacheType)`

  test('they are not read by import but by the first call', async () => {
    expect(await outputOf(late(''))).toBe('Redis')
  })

  test('they are not read by configure', async () => {
    expect(await outputOf(late('redisManager.configure({ timeoutMs: 500 })'))).toBe('Redis')
  })

  test('they are not read again by a later call', async () => {
    expect(await outputOf(late('redisManager.getCacheStats()'))).toBe('In-Memory')
  })

  test('during development a change is followed by the next call, and told once', async () => {
    const { code, stdout, stderr } = await runNode(late('redisManager.getCacheStats()'), {
      NODE_ENV: 'development',
    })

    expect([code, stderr]).toStrictEqual([0, ''])
    expect(lines(stdout)).toStrictEqual([
      `redlatch: the environment has changed (${UPSTASH_URL}, ${UPSTASH_TOKEN}): the settings are read again`,
      'Redis',
    ])
  })

  test('during development a value that returns to what it was is no change', async () => {
    const touched = late(`redisManager.getCacheStats()
      process.env.DISABLE_REDIS = 'true'
      delete process.env.DISABLE_REDIS
      console.log(redisManager.getCacheStats().cacheType)`)

    expect(lines((await runNode(touched, { NODE_ENV: 'development' })).stdout)[0]).toBe('In-Memory')
  })

  test('during development what code has set stays', async () => {
    const inCode = late(`redisManager.configure({ disableRedis: true })
      redisManager.getCacheStats()`)

    expect(lines((await runNode(inCode, { NODE_ENV: 'development' })).stdout).at(-1)).toBe('In-Memory')
  })

  test('under Jest it is the process.env of Jest that counts', async () => {
    const fresh = await new Promise<Pick<typeof import('redlatch'), 'redisManager'>>((resolve) => {
      jest.isolateModules(() => resolve(jest.requireActual('redlatch')))
    })
    process.env[UPSTASH_URL] = url
    process.env[UPSTASH_TOKEN] = token

    const { cacheType } = fresh.redisManager.getCacheStats()

    delete process.env[UPSTASH_URL]
    delete process.env[UPSTASH_TOKEN]
    expect(cacheType).toBe('Redis')
  })
})
