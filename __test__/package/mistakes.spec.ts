import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { selfSignedCertificate } from '../support/certificate'
import { type Finding, runRedlatch } from '../support/doctor'
import { sharedGateway } from '../support/gateway'
import { runNode } from '../support/run-node'

const gateway = sharedGateway()
const [URL_NAME, TOKEN_NAME] = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'] as const
const url = 'https://eu1-name-12345.upstash.io'
const token = 'AXNhbXBsZQ'.repeat(6)
const password = '0123456789abcdef0123456789abcdef'
const pair = (url: string, token: string) => ({ [URL_NAME]: url, [TOKEN_NAME]: token })

/** Servers that are not the database. Their ports are known when they listen. */
const servers = {
  tls: createTlsServer(selfSignedCertificate(), (socket) => socket.end()),
  silent: createServer(() => undefined),
  closed: createServer(),
} satisfies Record<string, Server>
const port = (name: keyof typeof servers) => ports[name]
const ports = {} as Record<keyof typeof servers, number>
let project: string

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'redlatch-mistakes-'))
  writeFileSync(join(project, 'package.json'), '{}')
  for (const name of Object.keys(servers) as (keyof typeof servers)[]) {
    const server = servers[name].listen(0, '127.0.0.1')
    server.on('connection', (socket) => socket.on('error', () => undefined))
    await once(server, 'listening')
    ports[name] = (server.address() as AddressInfo).port
  }
  servers.closed.close()
  await once(servers.closed, 'close')
})

afterAll(() => {
  for (const server of [servers.tls, servers.silent]) server.close()
  rmSync(project, { recursive: true })
})

/** Makes calls that all end, and says how healthy that is. A write of an outage would be told as lost, too. */
const use = `const { redisManager } = require('redlatch')
  const calls = async () => {
    for (let i = 0; i < 3; i += 1) await redisManager.mget(['mistake']).catch(() => undefined)
    if (process.env.WRITES) await redisManager.set('mistake', 'value', 5).catch(() => undefined)
    const { status, code } = await redisManager.healthCheck()
    console.log(status, code)
    await redisManager.close()
  }
  calls()`

type Mistake = [name: string, env: () => Record<string, string>, console: RegExp, doctor: RegExp]

/** What the settings alone tell. No request is made. */
const inSettings: Mistake[] = [
  [
    'only the URL is set',
    () => ({ [URL_NAME]: url }),
    /UPSTASH_REDIS_REST_URL is set but UPSTASH_REDIS_REST_TOKEN is missing/,
    /UPSTASH_REDIS_REST_TOKEN is missing/,
  ],
  [
    'only the token is set',
    () => ({ [TOKEN_NAME]: token }),
    /UPSTASH_REDIS_REST_TOKEN is set but UPSTASH_REDIS_REST_URL is missing/,
    /UPSTASH_REDIS_REST_URL is missing/,
  ],
  ['a value is empty', () => pair(url, ''), /TOKEN is empty/, /TOKEN is empty/],
  [
    'the URL has no https://',
    () => pair('eu1-name-12345.upstash.io', token),
    /URL is not an http\(s\) URL: it does not start with https:\/\//,
    /does not start with https:\/\//,
  ],
  [
    'the URL is that of TCP clients',
    () => pair(`rediss://default:${password}@eu1-name-12345.upstash.io:6379`, token),
    /URL .*the address for TCP clients/,
    /URL is the address for TCP clients/,
  ],
  [
    'the URL and the token are exchanged',
    () => pair(token, url),
    /TOKEN holds the URL, and UPSTASH_REDIS_REST_URL the token/,
    /TOKEN holds the URL, and UPSTASH_REDIS_REST_URL the token/,
  ],
  [
    'white space is in the token',
    () => pair(url, `${token} ${token}`),
    /TOKEN holds characters that no token has \(white space\)/,
    /TOKEN holds characters that no token has \(white space\)/,
  ],
  ['quotation marks are around a value', () => pair(`"${url}"`, token), /URL has quot/, /URL has quot/],
  [
    'the URL has a path',
    () => pair(`${url}/pipeline`, token),
    /UPSTASH_REDIS_REST_URL has a path/,
    /UPSTASH_REDIS_REST_URL has a path/,
  ],
  [
    'only REDIS_URL is set, from the other tab of the console',
    () => ({ REDIS_URL: `rediss://default:${password}@eu1-name-12345.upstash.io:6379` }),
    /REDIS_URL is the address for TCP clients, which is not used/,
    /REDIS_URL is the address for TCP clients/,
  ],
  ['a comma ends the URL', () => pair(`${url},`, token), /URL ends with a comma/, /URL ends with a comma/],
  ['a semicolon ends the token', () => pair(url, `${token};`), /TOKEN ends with/, /TOKEN ends with/],
  [
    'the URL has credentials',
    () => pair(`https://default:${password}@eu1-name-12345.upstash.io`, token),
    /URL must not hold credentials/,
    /URL holds credentials/,
  ],
  ['the port is above 65535', () => pair(`${url}:65536`, token), /port is above 65535/, /port above 65535/],
  [
    'the token has a letter that is not ASCII',
    () => pair(url, `${token}\u00fc`),
    /TOKEN holds characters that no token has \(non-ASCII\)/,
    /TOKEN holds characters that no token has \(non-ASCII\)/,
  ],
  [
    'the URL is that of the dashboard',
    () => pair('https://console.upstash.com/redis/12345', token),
    /URL is the address of the Upstash console/,
    /URL is the address of the Upstash console/,
  ],
]

/** What a request tells. */
const inRequests: Mistake[] = [
  [
    'the token is the password',
    () => pair(gateway.url, password),
    /rejected the token; check UPSTASH_REDIS_REST_TOKEN \(the REST token, not the password\)/,
    /refuses UPSTASH_REDIS_REST_TOKEN/,
  ],
  [
    'the URL of a server that is not of Upstash has a path',
    () => pair(`${gateway.url}/pipeline`, gateway.token),
    /ERR Command is not available: \.\.\.; if UPSTASH_REDIS_REST_URL has a path, remove it/,
    /the path in it is probably wrong/,
  ],
  [
    'the host is unknown',
    () => pair('https://redis.invalid', token),
    /its host is unknown; check UPSTASH_REDIS_REST_URL/,
    /its host is unknown/,
  ],
  [
    'nothing listens at the port',
    () => pair(`http://127.0.0.1:${port('closed')}`, token),
    /the connection was refused; check the host and port in UPSTASH_REDIS_REST_URL/,
    /the connection was refused/,
  ],
  [
    'https goes to a port without TLS',
    () => pair(gateway.url.replace('http:', 'https:'), token),
    /the server does not speak TLS/,
    /the server does not speak TLS/,
  ],
  [
    'http goes to a port with TLS',
    () => pair(`http://127.0.0.1:${port('tls')}`, token),
    /if its port expects TLS, UPSTASH_REDIS_REST_URL must start with https/,
    /If its port expects TLS/,
  ],
  [
    'the certificate is of an unknown authority',
    () => pair(`https://localhost:${port('tls')}`, token),
    /its certificate comes from an unknown authority/,
    /its certificate comes from an unknown authority/,
  ],
  [
    'the server does not answer',
    () => pair(`http://127.0.0.1:${port('silent')}`, token),
    /redis did not answer in time/,
    /redis did not answer in time/,
  ],
  [
    'the token may only read',
    () => ({ ...pair(gateway.url, gateway.readOnlyToken), WRITES: 'yes' }),
    /NOPERM.*if UPSTASH_REDIS_REST_TOKEN holds the read-only token/,
    /may only read/,
  ],
]

/** No line may show one of these. */
const secrets = [token, password, gateway.token, gateway.readOnlyToken, 'eu1-name-12345']

describe('a mistake is answered on the console, where', () => {
  test.each([...inSettings, ...inRequests])(
    '%s',
    async (_, env, expected) => {
      const { code, stderr } = await runNode(use, env())

      const lines = stderr.trim().split('\n')
      expect({ code, lines }).toStrictEqual({ code: 0, lines: [expect.stringMatching(expected)] })
      expect(lines[0]).toMatch(/^redlatch: .*, run npx redlatch doctor\.$/)
      for (const secret of secrets) expect(stderr).not.toContain(secret)
    },
    30_000,
  )

  test('the password is used for the token of Upstash, before any request', async () => {
    const source = "require('redlatch').redisManager.getCacheStats()"

    const { stderr } = await runNode(source, pair(url, password))

    expect(stderr).toMatch(
      /^redlatch: UPSTASH_REDIS_REST_TOKEN looks like the password .*, run npx redlatch doctor\.\n$/,
    )
    expect(stderr).not.toContain(password)
  })
})

describe('a mistake is answered by the doctor, where', () => {
  test.each([...inSettings, ...inRequests])(
    '%s',
    async (_, env, __, expected) => {
      const { code, stdout } = await runRedlatch(project, ['doctor', '--json'], env())

      const { findings } = JSON.parse(stdout) as { findings: Finding[] }
      const told = findings
        .filter(({ check }) => /^(environment|database|token)$/.test(check))
        .filter(({ message, remedy }) => expected.test(`${message} ${remedy}`))
      expect(told).toMatchObject([{ status: 'problem', remedy: expect.any(String) }])
      expect(code).toBe(1)
      for (const secret of secrets) expect(stdout).not.toContain(secret)
    },
    30_000,
  )
})

describe('healthCheck', () => {
  test.each(inSettings.filter(([name]) => !name.includes('REDIS_URL')))(
    'is unhealthy where %s',
    async (_, env) => {
      const { stdout } = await runNode(use, env())

      expect(stdout).toBe('unhealthy configuration\n')
    },
  )

  test('is healthy where memory is wanted', async () => {
    const { stdout } = await runNode(use, { DISABLE_REDIS: 'true', [URL_NAME]: url })

    expect(stdout).toMatch(/healthy undefined\n$/)
    expect(stdout).not.toContain('unhealthy')
  })
})

describe('the deprecated variables', () => {
  test.each<[string, () => Record<string, string>, RegExp]>([
    ['half of them is set', () => ({ KV_REST_API_URL: url }), /KV_REST_API_TOKEN is missing/],
    [
      'the token is wrong',
      () => ({ KV_REST_API_URL: gateway.url, KV_REST_API_TOKEN: password }),
      /check KV_REST_API_TOKEN/,
    ],
    [
      'nothing listens',
      () => ({ KV_REST_API_URL: `http://127.0.0.1:${port('closed')}`, KV_REST_API_TOKEN: token }),
      /the host and port in KV_REST_API_URL/,
    ],
  ])('are named where %s', async (_, env, expected) => {
    const { stderr } = await runNode(use, env())

    const [deprecated, ...others] = stderr.trim().split('\n')
    expect(deprecated).toContain('deprecated')
    expect(others).toStrictEqual([expect.stringMatching(expected)])
    expect(others[0]).not.toContain('UPSTASH')
  })
})

describe('a production server without a database', () => {
  const look = (times: number) => `const { redisManager } = require('redlatch')
    for (let i = 0; i < ${times}; i += 1) {
      redisManager.configure()
      redisManager.getCacheStats()
    }`

  test('warns once that values are in memory, however often it is asked', async () => {
    const again = `
      for (const name of Object.keys(require.cache)) if (!name.endsWith('.node')) delete require.cache[name]
      require('redlatch').redisManager.getCacheStats()`

    const { stderr } = await runNode(look(3) + again, { NODE_ENV: 'production' })

    expect(stderr.trim().split('\n')).toStrictEqual([
      expect.stringMatching(/^redlatch: .*are missing: in production, too, .* run npx redlatch doctor\.$/),
    ])
  })

  test.each<[string, Record<string, string>]>([
    ['memory is wanted', { NODE_ENV: 'production', DISABLE_REDIS: 'true' }],
    ['it is no production', { NODE_ENV: 'development' }],
    ['there is one', { NODE_ENV: 'production', ...pair(gateway.url, gateway.token) }],
  ])('says nothing where %s', async (_, env) => {
    expect((await runNode(look(1), env)).stderr).toBe('')
  })
})
