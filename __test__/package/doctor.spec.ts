import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Finding, runRedlatch } from '../support/doctor'
import { sharedGateway } from '../support/gateway'

const longToken = 'A'.repeat(60)
let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'redlatch-doctor-'))
  write('package.json', '{ "dependencies": { "next": "16.0.0" } }')
  write('next.config.ts', "export default { serverExternalPackages: ['redlatch'] }")
})

afterEach(() => {
  rmSync(project, { recursive: true })
})

function write(name: string, content: string) {
  mkdirSync(dirname(join(project, name)), { recursive: true })
  writeFileSync(join(project, name), content)
}

const run = (options: string[], env: Record<string, string>) => runRedlatch(project, options, env)

/** What the doctor finds with `env`, with its exit code checked against it. */
async function findings(env: Record<string, string> = {}): Promise<Finding[]> {
  const { code, stdout, stderr } = await run(['doctor', '--json'], env)
  const report = JSON.parse(stdout) as { ok: boolean; findings: Finding[] }
  const hasProblem = report.findings.some(({ status }) => status === 'problem')
  expect({ code, stderr, ok: report.ok }).toStrictEqual({
    code: hasProblem ? 1 : 0,
    stderr: '',
    ok: !hasProblem,
  })
  for (const value of Object.values(env)) if (value.length > 8) expect(stdout).not.toContain(value.trim())
  return report.findings
}

async function finding(check: string, env?: Record<string, string>): Promise<Finding[]> {
  return (await findings(env)).filter((finding) => finding.check === check)
}

const upstash = (url: string, token: string) => ({
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: token,
})
const good = () => upstash(sharedGateway().url, sharedGateway().token)

describe('a project in which everything is right', () => {
  test('has no problem, and the database answers and takes values', async () => {
    const found = await findings(good())

    expect(found.map(({ check, status }) => [check, status])).toStrictEqual([
      ['addon', 'ok'],
      ['next', 'ok'],
      ['environment', 'ok'],
      ['database', 'ok'],
      ['token', 'ok'],
      ['clients', 'ok'],
    ])
    expect(found[3]?.message).toMatch(/a round trip takes [\d.]+ ms/)
  })

  test('is told so in a table', async () => {
    const { code, stdout } = await run(['doctor'], good())

    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok {7}database {5}It answers/m)
    expect(stdout).toMatch(/0 problems, 0 warnings\n$/)
  })
})

describe('environment', () => {
  const url = 'https://eu1-name.upstash.io'

  test.each<[string, Record<string, string>, Finding['status'], RegExp]>([
    ['nothing', {}, 'problem', /are missing/],
    ['only the URL', { UPSTASH_REDIS_REST_URL: url }, 'problem', /UPSTASH_REDIS_REST_TOKEN is missing/],
    [
      'only the token',
      { UPSTASH_REDIS_REST_TOKEN: longToken },
      'problem',
      /UPSTASH_REDIS_REST_URL is missing/,
    ],
    ['the address for TCP', upstash('rediss://eu1-name.upstash.io:6379', longToken), 'problem', /TCP/],
    ['a URL without https://', upstash('eu1-name.upstash.io', longToken), 'problem', /no https URL/],
    ['a port that does not exist', upstash(`${url}:65536/`, longToken), 'problem', /port above 65535/],
    [
      'a URL with credentials',
      upstash('https://me:secret@eu1-name.upstash.io', longToken),
      'problem',
      /credentials/,
    ],
    [
      'the password as token',
      upstash(url, '0123456789abcdef0123456789abcdef'),
      'problem',
      /looks like the password/,
    ],
    ['a token with white space in it', upstash(url, `${longToken} ${longToken}`), 'problem', /no token has/],
    ['quotation marks', upstash(`"${url}"`, longToken), 'problem', /quotation marks/],
    ['memory on purpose', { DISABLE_REDIS: 'true' }, 'warning', /DISABLE_REDIS/],
    [
      'a token for every visitor',
      { NEXT_PUBLIC_UPSTASH_REDIS_REST_TOKEN: longToken, ...upstash(url, '') },
      'problem',
      /every visitor/,
    ],
  ])('%s', async (_, env, status, message) => {
    const found = await finding('environment', env)

    expect(found).toContainEqual(
      expect.objectContaining({
        status,
        message: expect.stringMatching(message),
        remedy: expect.any(String),
      }),
    )
  })

  test('the deprecated variables work, and are named with their replacements', async () => {
    const { url, token } = sharedGateway()

    const found = await findings({ KV_REST_API_URL: url, KV_REST_API_TOKEN: token })

    const [deprecated] = found.filter(({ check }) => check === 'environment')
    expect(deprecated).toMatchObject({ status: 'warning', message: expect.stringContaining('deprecated') })
    expect(deprecated?.remedy).toContain('UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN')
    expect(found).toContainEqual(expect.objectContaining({ check: 'token', status: 'ok' }))
  })

  test('white space around both is dropped, and told', async () => {
    const { url, token } = sharedGateway()

    const found = await findings(upstash(` ${url}\n`, `${token} `))

    expect(found.filter(({ message }) => message.includes('white space'))).toHaveLength(2)
    expect(found).toContainEqual(expect.objectContaining({ check: 'token', status: 'ok' }))
  })

  test('the files that Next.js reads count, after the environment', async () => {
    const { url, token } = sharedGateway()
    write('.env', `UPSTASH_REDIS_REST_URL=https://example.invalid\nUPSTASH_REDIS_REST_TOKEN=${longToken}\n`)
    write('.env.local', `UPSTASH_REDIS_REST_URL="${url}"\n`)

    const found = await finding('token', { UPSTASH_REDIS_REST_TOKEN: token })

    expect(found).toMatchObject([{ status: 'ok' }])
  })
})

describe('database', () => {
  test('a read-only token may not write', async () => {
    const { url, readOnlyToken } = sharedGateway()

    const found = await finding('token', upstash(url, readOnlyToken))

    expect(found).toMatchObject([{ status: 'problem', message: 'It may only read.' }])
  })

  test('a wrong token is refused', async () => {
    const found = await finding('database', upstash(sharedGateway().url, longToken))

    expect(found).toMatchObject([{ status: 'problem', message: expect.stringContaining('refuses') }])
    expect(found[0]?.remedy).toContain('the password is another one')
  })

  test('a database that is not there cannot be reached', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')

    const found = await finding('database', upstash(`http://127.0.0.1:${port}`, longToken))

    expect(found).toMatchObject([
      { status: 'problem', message: expect.stringContaining('cannot be reached') },
    ])
  })
})

describe('clients', () => {
  test('files that use @upstash/redis are named, but not those of packages', async () => {
    write('lib/old.ts', "import { Redis } from '@upstash/redis'")
    write('lib/older.cjs', 'const { Redis } = require("@upstash/redis/nodejs")')
    write('lib/new.ts', "import { redisManager } from 'redlatch' // not @upstash/redis")
    write('node_modules/some/index.js', "require('@upstash/redis')")

    const [found] = await finding('clients')

    expect(found).toMatchObject({ status: 'warning' })
    expect(found?.message).toContain(`${join('lib', 'old.ts')}, ${join('lib', 'older.cjs')}.`)
    expect(found?.remedy).toContain(
      'Keep @upstash/redis beside it for what it cannot do, such as listing keys.',
    )
  })

  test('it says when it has stopped looking', async () => {
    const { checkClients } = require('../../dist/doctor/clients.js')
    for (const name of ['a', 'b', 'c']) write(`lib/${name}.ts`, '')

    expect(checkClients(project, 3)).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('Only the first 3 source files'),
    })
    expect(checkClients(project, 5)).toMatchObject({ status: 'ok' })
  })
})

describe('memory on purpose', () => {
  test('is a warning, and no reason to end with 1', async () => {
    const { code, stdout } = await run(['doctor'], { DISABLE_REDIS: ' true' })

    expect(code).toBe(0)
    expect(stdout).toMatch(/^warning {2}environment {2}DISABLE_REDIS is true/m)
  })
})

describe('a check that throws', () => {
  test.each(['addon', 'next', 'environment', 'database', 'clients'])(
    '%s is a problem, and the others are reported',
    async (check) => {
      write(
        'break.cjs',
        `const names = ['addon', 'next', 'environment', 'database', 'clients']
        const functions = ['checkAddon', 'checkNext', 'checkEnvironment', 'checkDatabase', 'checkClients']
        const files = ['project', 'project', 'environment', 'database', 'clients']
        const at = names.indexOf('${check}')
        const file = ${JSON.stringify(join(__dirname, '..', '..', 'dist', 'doctor'))} + '/' + files[at] + '.js'
        require(file)[functions[at]] = () => { throw Object.assign(new Error('secret'), { code: 'EACCES' }) }`,
      )
      const nodeOptions = ['--require', join(project, 'break.cjs')]

      const { code, stdout } = await runRedlatch(project, ['doctor', '--json'], good(), { nodeOptions })

      const { findings } = JSON.parse(stdout) as { findings: Finding[] }
      expect(code).toBe(1)
      expect(findings).toContainEqual(
        expect.objectContaining({ check, message: 'The check itself failed (EACCES).' }),
      )
      expect(new Set(findings.map(({ check }) => check)).size).toBeGreaterThanOrEqual(5)
      expect(stdout).not.toContain('secret')
    },
  )
})

describe('files of variables', () => {
  const { parseEnvFile } = require('../../dist/doctor/env-file.js')

  test('are read without util.parseEnv, which Node 20.0 has not', async () => {
    const { url, token } = sharedGateway()
    write('.env', `UPSTASH_REDIS_REST_URL=${url}\nUPSTASH_REDIS_REST_TOKEN=${token}\n`)
    write('old.cjs', "delete require('node:util').parseEnv")
    const nodeOptions = ['--require', join(project, 'old.cjs')]

    const { stdout } = await runRedlatch(project, ['doctor', '--json'], {}, { nodeOptions })

    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({ check: 'token', status: 'ok' }),
    )
  })

  test('are read as util.parseEnv reads them', () => {
    const text = [
      'A=1',
      'export B = two words # comment',
      "C='single # no comment'",
      'D="two\\nlines"',
      'E="on\ntwo"',
      '# F=no',
      'G=',
      '  H=`back "tick"`',
      'I=https://a.b/c#d',
    ].join('\n')

    expect(parseEnvFile(text)).toStrictEqual({ ...parseEnv(text) })
  })

  test('may refer to other variables, as in Next.js', async () => {
    const { url, token } = sharedGateway()
    write('.env', `UPSTASH_REDIS_REST_URL=$OTHER_URL\nUPSTASH_REDIS_REST_TOKEN=\${OTHER_TOKEN}\n`)

    const found = await finding('token', { OTHER_URL: url, OTHER_TOKEN: token })

    expect(found).toMatchObject([{ status: 'ok' }])
  })
})

describe('the command line', () => {
  test.each([
    [[]],
    [['docter']],
    [['doctor', '--verbose']],
    [['doctor', 'more']],
    [['doctor', '--yes']],
    [['init', '--json']],
  ])('%j is answered with how to use it', async (options) => {
    const { code, stdout, stderr } = await run(options, {})

    expect([code, stdout]).toStrictEqual([2, ''])
    expect(stderr).toContain('Usage: redlatch doctor [--json]\n       redlatch init [--yes]')
  })

  test('--help is no mistake', async () => {
    const { code, stdout } = await run(['--help'], {})

    expect(code).toBe(0)
    expect(stdout).toContain('Usage: redlatch doctor [--json]\n       redlatch init [--yes]')
  })
})
