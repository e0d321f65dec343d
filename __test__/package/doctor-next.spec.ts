import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Finding, runRedlatch } from '../support/doctor'

let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'redlatch-next-'))
  write('package.json', '{ "dependencies": { "next": "16.0.0" } }')
})

afterEach(() => {
  rmSync(project, { recursive: true })
})

function write(name: string, content: string) {
  mkdirSync(dirname(join(project, name)), { recursive: true })
  writeFileSync(join(project, name), content)
}

async function next(): Promise<Finding | undefined> {
  const { stdout } = await runRedlatch(project, ['doctor', '--json'])
  return (JSON.parse(stdout) as { findings: Finding[] }).findings.find(({ check }) => check === 'next')
}

const line = "serverExternalPackages: ['redlatch']"

describe('a configuration', () => {
  test.each<[string, string, Finding['status']]>([
    ['without the line', 'export default {}', 'problem'],
    ['with the line in a comment', `export default { /* ${line} */ }`, 'problem'],
    ['with the line commented out', `export default {\n  // ${line},\n}`, 'problem'],
    ['with the line in a string', `export default { env: { a: "${line}" } }`, 'problem'],
    ['with a glob before the line', `export default { a: ['/*', 'b'], ${line}, c: '*/' }`, 'ok'],
    ['with a URL before the line', `export default { a: 'https://b.c', ${line} }`, 'ok'],
    ['with other packages', "export default { serverExternalPackages: ['sharp'] }", 'problem'],
    ['with several packages', 'export default { serverExternalPackages: [\n"sharp",\n"redlatch",\n] }', 'ok'],
    ['that transpiles the package', "export default { transpilePackages: ['redlatch'] }", 'problem'],
    ['with a list by name', "const l = ['redlatch']\nexport default { serverExternalPackages: l }", 'ok'],
    [
      'that puts a list together',
      "const l = ['sharp']\nexport default { serverExternalPackages: [...l, `redlatch`] }",
      'ok',
    ],
    [
      'that joins lists',
      "const l = ['sharp']\nexport default { serverExternalPackages: l.concat('redlatch') }",
      'ok',
    ],
    [
      'with a list from elsewhere',
      "import l from './l'\nexport default { serverExternalPackages: l }",
      'warning',
    ],
    ['that spreads another', "import base from './base'\nexport default { ...base, a: 1 }", 'warning'],
    ['that comes from elsewhere', "module.exports = require('./base')", 'warning'],
    ['with types', `const c = { ${line} } satisfies NextConfig\nexport default c as NextConfig`, 'ok'],
    ['that is a function', `export default async (phase: string) => ({ ${line} })`, 'ok'],
    ['behind a plugin', `const c = { ${line} }\nmodule.exports = withMDX({ a: 1 })(c)`, 'ok'],
    ['that gets the option later', `const c = {}\nc.serverExternalPackages = ['redlatch']\nexport = c`, 'ok'],
    ['with the option where it does not count', `export default { experimental: { ${line} } }`, 'problem'],
    ['that cannot be parsed', 'export default {', 'warning'],
    [
      'with a list that refers to itself',
      'const l = l\nexport default { serverExternalPackages: l }',
      'warning',
    ],
  ])('%s', async (_, config, status) => {
    write('next.config.ts', config)

    expect(await next()).toMatchObject({ status })
  })

  test('that is missing is a problem', async () => {
    expect(await next()).toMatchObject({ status: 'problem' })
  })

  test('is not needed without Next.js', async () => {
    write('package.json', '{}')

    expect(await next()).toMatchObject({ status: 'skipped' })
  })
})

describe('a standalone folder', () => {
  beforeEach(() => {
    write('server.js', '')
  })

  test.each<[string, object, Finding['status']]>([
    ['with the package outside of the bundle', { serverExternalPackages: ['redlatch'] }, 'ok'],
    ['with the package in the bundle', {}, 'problem'],
  ])('%s is judged by what was built', async (_, config, status) => {
    write('.next/required-server-files.json', JSON.stringify({ version: 1, config }))

    expect(await next()).toMatchObject({ status, message: expect.stringContaining('standalone') })
  })

  test('reads the variables of production', async () => {
    write('.next/required-server-files.json', '{"config":{}}')
    write('.env.production', 'DISABLE_REDIS=true\n')

    const { stdout } = await runRedlatch(project, ['doctor', '--json'])

    expect(stdout).toContain('DISABLE_REDIS is true')
  })
})
