// The tarballs: what is in them, what tools for package authors say of them, and how they install.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { ended } from './command.mjs'

const folder = process.env.REDLATCH_E2E_FOLDER ?? ''
const root = join(import.meta.dirname, '..', '..')
const packed = JSON.parse(process.env.REDLATCH_E2E_PACKED ?? '{}')
const isGnu = packed.bindingName?.endsWith('-gnu')

/** A new project with the tarballs in its dependencies. */
function project(name) {
  const path = join(folder, name)
  mkdirSync(path)
  const manifest = {
    name,
    private: true,
    dependencies: { redlatch: `file:${packed.main}` },
    optionalDependencies: { [packed.bindingName]: `file:${packed.binding}` },
  }
  writeFileSync(join(path, 'package.json'), JSON.stringify(manifest))
  return path
}

/** The text of each file of types that the build has made. */
const declarationFiles = () =>
  readdirSync(join(root, 'dist'))
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => readFileSync(join(root, 'dist', name), 'utf8'))

const install = (path, ...options) =>
  ended('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...options], path)

describe('the tarballs', { timeout: 120_000 }, () => {
  test('the types are right for every way of resolving them', async () => {
    const { code, stdout, stderr } = await ended('npx', ['attw', packed.main, '--no-emoji'], root)

    assert.equal(code, 0, stdout + stderr)
  })

  test('publint has nothing to complain of', async () => {
    const { code, stdout } = await ended('npx', ['publint', 'run', packed.main, '--strict'], root)

    assert.equal(code, 0, stdout)
    assert.doesNotMatch(stdout, /Warnings|Errors/)
  })

  test('they hold what is needed and nothing else', async () => {
    const list = async (tarball) => {
      const { stdout } = await ended('tar', ['tzf', tarball], folder)
      return stdout.trim().split('\n').sort()
    }

    const [main, binding] = [await list(packed.main), await list(packed.binding)]

    assert.deepEqual(
      main.filter(
        (name) =>
          !/^package\/((dist\/(doctor\/)?|docs\/)?[\w-]+(\.config)?\.(js|mjs|d\.ts|d\.mts|md|json)|LICENSE)$/.test(
            name,
          ),
      ),
      [],
    )
    assert.ok(['browser.js', 'edge.js', 'addon.js'].every((name) => main.includes(`package/dist/${name}`)))
    const linked = declarationFiles().flatMap((text) => [...text.matchAll(/@see (\S+\.md)/g)])
    assert.ok(linked.length > 0)
    assert.deepEqual(
      linked.map(([, path]) => `package/${path}`).filter((path) => !main.includes(path)),
      [],
    )
    assert.equal(binding.filter((name) => name.endsWith('.node')).length, 1)
    assert.equal(binding.length, 3)
  })

  test('the addon needs no glibc later than 2.28', { skip: !isGnu && 'not for glibc' }, async () => {
    const unpacked = mkdtempSync(join(folder, 'unpacked-'))
    await ended('tar', ['xzf', packed.binding, '--strip-components=1'], unpacked)

    const { stdout } = await ended('objdump', ['-T', packed.addon], unpacked)

    const versions = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor))
    assert.ok(versions.length > 0)
    assert.ok(Math.max(...versions) <= 28, `needs GLIBC_2.${Math.max(...versions)}`)
  })
})

describe('an installation', { timeout: 120_000 }, () => {
  test('works with require and with import', async () => {
    const path = project('plain')
    await install(path)
    const use = "await FormCache.isProcessing('key').then(console.log)"

    const required = await ended(
      'node',
      ['-e', `(async () => { const { FormCache } = require('redlatch'); ${use} })()`],
      path,
    )
    const imported = await ended(
      'node',
      ['--input-type=module', '-e', `import { FormCache } from 'redlatch'; ${use}`],
      path,
    )

    assert.deepEqual([required.stdout, required.stderr], ['false\n', ''])
    assert.deepEqual([imported.stdout, imported.stderr], ['false\n', ''])
  })

  test('has the command npx redlatch doctor', async () => {
    const path = project('doctor')
    await install(path)

    const { code, stdout } = await ended('npx', ['redlatch', 'doctor', '--json'], path)

    const { findings } = JSON.parse(stdout)
    assert.equal(code, 1)
    assert.deepEqual(
      findings.map(({ check, status }) => [check, status]),
      [
        ['addon', 'ok'],
        ['next', 'skipped'],
        ['environment', 'problem'],
        ['database', 'skipped'],
        ['clients', 'ok'],
      ],
    )
  })

  test('with --omit=optional says what is missing and how to mend it', async () => {
    const path = project('omitted')
    await install(path, '--omit=optional')

    const { code, stderr } = await ended('node', ['-e', "require('redlatch')"], path)

    assert.equal(code, 1)
    assert.match(stderr, /@redlatch\/binding-\S+ is not installed/)
    assert.match(stderr, /--omit=optional.*--include=optional/)
  })

  test('on a platform without an addon says which ones there are', async () => {
    const path = project('unknown')
    await install(path)
    const elsewhere = "Object.defineProperty(process, 'platform', { value: 'sunos' }); require('redlatch')"

    const { code, stderr } = await ended('node', ['-e', elsewhere], path)

    assert.equal(code, 1)
    assert.match(stderr, /there is no addon for sunos-\w+, only for linux-x64-gnu/)
  })
})
