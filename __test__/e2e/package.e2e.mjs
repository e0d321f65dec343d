// The tarballs: what is in them, what tools for package authors say of them, and how they install.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { publishedPage } from '../../scripts/links.mjs'
import { repositoryUrl } from '../../scripts/repository.mjs'
import { ended } from './command.mjs'
import { deadLinks, isRelative, linkTargets } from './page-links.mjs'

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
          !/^package\/((dist\/((doctor|next)\/)?|docs\/)?[\w-]+(\.config)?\.(js|mjs|d\.ts|d\.mts|md|svg|json)|LICENSE)$/.test(
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

describe('the pages in the tarball', { timeout: 120_000 }, () => {
  test('every relative link leads to a file in the tarball, and to a heading of it', async () => {
    const unpacked = mkdtempSync(join(folder, 'pages-'))
    await ended('tar', ['xzf', packed.main, '--strip-components=1'], unpacked)
    const pages = readdirSync(unpacked, { recursive: true }).filter((path) => path.endsWith('.md'))

    assert.ok(['README.md', 'MIGRATION.md', join('docs', 'forms.md')].every((page) => pages.includes(page)))
    assert.deepEqual(
      pages.flatMap((page) => deadLinks(unpacked, page)),
      [],
    )
  })

  test('in the repository, every relative link of them leads somewhere, too', () => {
    const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
    const pages = ['README.md', 'MIGRATION.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)]

    assert.deepEqual(
      pages.flatMap((page) => deadLinks(root, page)),
      [],
    )
  })

  test('once the repository is known, all links of README.md lead into it, at the version', () => {
    const url = 'https://github.com/acme/redlatch'
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const published = { url, version: '1.2.3', files: new Set(['docs/forms.md', 'MIGRATION.md']) }

    const targets = linkTargets(publishedPage('README.md', readme, published))

    assert.deepEqual(
      targets.filter((target) => isRelative(target) && !target.startsWith('#')),
      [],
    )
    const inside = targets.filter((target) => target.startsWith(url))
    for (const target of inside) {
      const [, path] = /^\/(?:blob|raw|tree)\/v1\.2\.3\/([^#]+)/.exec(target.slice(url.length))
      assert.ok(existsSync(join(root, path)), target)
    }
    assert.ok(inside.includes(`${url}/blob/v1.2.3/docs/forms.md`))
    assert.ok(inside.includes(`${url}/raw/v1.2.3/docs/booking.png`))
    assert.ok(inside.includes(`${url}/tree/v1.2.3/examples/booking`))
  })

  test('other pages then link into the package where they can, and into the repository otherwise', () => {
    const published = { url: 'https://x.test/a/b', version: '1.2.3', files: new Set(['docs/forms.md']) }
    const text = [
      '[forms](forms.md#make-a-key) and [license](../LICENSE) and [web](https://example.com)',
      '```md',
      '[code](../LICENSE)',
      '```',
    ].join('\n')

    const linked = text.replace('(../LICENSE)', '(https://x.test/a/b/blob/v1.2.3/LICENSE)')
    assert.equal(publishedPage('docs/testing.md', text, published), linked)
    assert.equal(
      publishedPage('docs/testing.md', text, { ...published, url: null }),
      text.replace('[license](../LICENSE)', 'license'),
    )
  })

  test('a placeholder for the repository is not published', async () => {
    const { stdout } = await ended('tar', ['xzOf', packed.main, 'package/package.json'], folder)
    const manifest = JSON.parse(stdout)
    const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

    assert.doesNotMatch(stdout, /OWNER/)
    assert.equal(manifest.repository?.url, repositoryUrl(own) ? own.repository.url : undefined)
    assert.equal(manifest.homepage, repositoryUrl(own) ? own.homepage : undefined)
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
