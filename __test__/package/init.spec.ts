import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runRedlatch } from '../support/doctor'

let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'redlatch-init-'))
  write('package.json', '{ "dependencies": { "next": "16.0.0" } }')
  write('tsconfig.json', '{}')
})

afterEach(() => {
  rmSync(project, { recursive: true })
})

function write(name: string, content: string) {
  mkdirSync(dirname(join(project, name)), { recursive: true })
  writeFileSync(join(project, name), content)
}

const content = (name: string) => readFileSync(join(project, name), 'utf8')
const init = (...options: string[]) => runRedlatch(project, ['init', ...options])

describe('npx redlatch init --yes', () => {
  test('writes three files into a new project, and shows them', async () => {
    const { code, stdout, stderr } = await init('--yes')

    expect({ code, stderr }).toStrictEqual({ code: 0, stderr: '' })
    expect(content('lib/redis.ts')).toBe(
      "export { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'\n",
    )
    expect(content('next.config.ts')).toBe("export default {\n  serverExternalPackages: ['redlatch'],\n}\n")
    expect(content('.env.example')).toBe('UPSTASH_REDIS_REST_URL=\nUPSTASH_REDIS_REST_TOKEN=\n')
    expect(stdout).toContain('+++ lib/redis.ts\n@@ -0,0 +1,1 @@\n+export { CustomerCache')
  })

  test('changes nothing the second time', async () => {
    await init('--yes')
    const before = ['lib/redis.ts', 'next.config.ts', '.env.example'].map(content)

    const { code, stdout } = await init('--yes')

    expect({ code, stdout }).toStrictEqual({ code: 0, stdout: 'Nothing to change.\n' })
    expect(['lib/redis.ts', 'next.config.ts', '.env.example'].map(content)).toStrictEqual(before)
  })

  test.each<[string, string, string, string]>([
    [
      'an object with options',
      'next.config.ts',
      "import type { NextConfig } from 'next'\n\nconst config: NextConfig = {\n  // A glob: '/*'\n  reactStrictMode: true,\n}\n\nexport default config\n",
      "const config: NextConfig = {\n  serverExternalPackages: ['redlatch'],\n  // A glob: '/*'\n  reactStrictMode: true,",
    ],
    [
      'an empty object, in double quotes',
      'next.config.js',
      'const a = "b"\nmodule.exports = {}\n',
      'module.exports = {\n  serverExternalPackages: ["redlatch"],\n}\n',
    ],
    [
      'an object on one line',
      'next.config.mjs',
      'export default { output: "standalone" }\n',
      'export default { serverExternalPackages: ["redlatch"], output: "standalone" }\n',
    ],
    [
      'a list on one line',
      'next.config.mjs',
      "export default { serverExternalPackages: ['sharp'] }\n",
      "{ serverExternalPackages: ['redlatch', 'sharp'] }",
    ],
    [
      'a list on several lines',
      'next.config.mjs',
      "export default {\n  serverExternalPackages: [\n    'sharp',\n  ],\n}\n",
      "serverExternalPackages: [\n    'redlatch',\n    'sharp',\n  ],",
    ],
    [
      'an empty list',
      'next.config.mjs',
      'export default { serverExternalPackages: [] }\n',
      "serverExternalPackages: ['redlatch'] }",
    ],
    [
      'a function behind plugins',
      'next.config.mjs',
      'export default withMDX({ b: 1 })(async (phase) => {\n  return {\n    a: 1,\n  }\n})\n',
      "return {\n    serverExternalPackages: ['redlatch'],\n    a: 1,",
    ],
  ])('completes %s', async (_, name, before, expected) => {
    write(name, before)

    const { code } = await init('--yes')

    expect(code).toBe(0)
    expect(content(name)).toContain(expected)
    const { stdout } = await runRedlatch(project, ['doctor', '--json'])
    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({ check: 'next', status: 'ok' }),
    )
    expect((await init('--yes')).stdout).toBe('Nothing to change.\n')
  })

  test.each([
    ['comes from elsewhere', "import base from './base'\nexport default base\n"],
    [
      'has a list from elsewhere',
      "import list from './l'\nexport default { serverExternalPackages: list }\n",
    ],
    ['cannot be parsed', 'export default {'],
    ['transpiles the package', "export default { transpilePackages: ['redlatch'] }\n"],
  ])('leaves a configuration alone that %s, and says what to do', async (_, before) => {
    write('next.config.ts', before)

    const { code, stdout } = await init('--yes')

    expect(code).toBe(1)
    expect(content('next.config.ts')).toBe(before)
    expect(stdout).toContain("by hand: serverExternalPackages: ['redlatch']")
    expect(existsSync(join(project, 'lib/redis.ts'))).toBe(true)
  })

  test('leaves a lib/redis.ts alone that is there, and says what it has to export', async () => {
    write('lib/redis.ts', 'export const redis = 1\n')

    const { code, stdout } = await init('--yes')

    expect(code).toBe(1)
    expect(content('lib/redis.ts')).toBe('export const redis = 1\n')
    expect(stdout).toContain('lib/redis.ts is there already')
  })

  test('adds to an .env.example only what it lacks', async () => {
    write('.env.example', 'OTHER=1\n# UPSTASH_REDIS_REST_URL=https://name.upstash.io')

    await init('--yes')

    expect(content('.env.example')).toBe(
      'OTHER=1\n# UPSTASH_REDIS_REST_URL=https://name.upstash.io\nUPSTASH_REDIS_REST_TOKEN=\n',
    )
  })

  test('follows the folders and the language of the project', async () => {
    rmSync(join(project, 'tsconfig.json'))
    write('src/app/page.js', '')

    await init('--yes')

    expect(existsSync(join(project, 'src/lib/redis.js'))).toBe(true)
    expect(existsSync(join(project, 'next.config.mjs'))).toBe(true)
  })
})

describe('npx redlatch init', () => {
  test.each([
    ['no', 'n\n'],
    ['nothing', ''],
  ])('shows the changes and makes none if the answer is %s', async (_, input) => {
    const { code, stdout } = await runRedlatch(project, ['init'], {}, { input })

    expect(code).toBe(1)
    expect(stdout).toContain('+++ next.config.ts')
    expect(stdout).toContain('Nothing is changed.')
    expect(existsSync(join(project, 'lib'))).toBe(false)
  })

  test('makes them if the answer is yes', async () => {
    const { code } = await runRedlatch(project, ['init'], {}, { input: 'y\n' })

    expect(code).toBe(0)
    expect(existsSync(join(project, 'lib/redis.ts'))).toBe(true)
  })
})
