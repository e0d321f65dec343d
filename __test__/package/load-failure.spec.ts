import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

const root = join(__dirname, '..', '..')
let project: string

/** The packages of platforms, and where each is the right one. */
const platforms = readdirSync(join(root, 'npm')).map((name): [string, string, string, Libc] => {
  const [platform = '', arch = '', abi] = name.split('-')
  return [name, platform, arch, abi === 'musl' ? 'musl' : 'glibc']
})

/** A project in which the package is installed, without any platform package. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'redlatch-load-'))
  const installed = join(project, 'node_modules', 'redlatch')
  for (const file of ['package.json', 'dist']) {
    const filter = (path: string) => !path.endsWith('.node')
    cpSync(join(root, file), join(installed, file), { recursive: true, filter })
  }
})

afterEach(() => {
  rmSync(project, { recursive: true })
})

function installPlatform(name: string, addon?: string) {
  const folder = join(project, 'node_modules', '@redlatch', `binding-${name}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "main": "addon.node" }')
  if (addon !== undefined) writeFileSync(join(folder, 'addon.node'), addon)
}

/** The first bytes of a Node for the libc, as far as they say it: where the program names its dynamic linker. */
const programs = {
  glibc: '\x7fELF ... /lib64/ld-linux-x86-64.so.2',
  musl: '\x7fELF ... /lib/ld-musl-x86_64.so.1',
  'a glibc that its program does not name': '\x7fELF ...',
  'a musl that its program does not name': '\x7fELF ...',
}
type Libc = keyof typeof programs

/**
 * What `require('redlatch')` says on a platform that may not be this one, where the addon cannot be loaded. The system has
 * the `ldd` of glibc in any case, as one on which a Node for musl has been installed.
 */
function failureOn(platform: string, arch = 'x64', libc: Libc = 'glibc', options: string[] = []): string {
  const execPath = join(project, 'node')
  writeFileSync(execPath, programs[libc])
  const header = libc.includes('glibc') ? { glibcVersionRuntime: '2.36' } : {}
  const script = `
    const values = { platform: '${platform}', arch: '${arch}', execPath: ${JSON.stringify(execPath)} }
    for (const [name, value] of Object.entries(values)) Object.defineProperty(process, name, { value })
    process.report.getReport = () => (${JSON.stringify({ header })})
    const { readFileSync } = require('node:fs')
    require('node:fs').readFileSync = (path, ...rest) => path === '/usr/bin/ldd' ? 'glibc' : readFileSync(path, ...rest)
    try { require('redlatch') } catch (error) { console.log(JSON.stringify([error.code, error.message, Boolean(error.cause)])) }`
  const { stdout, stderr } = spawnSync(process.execPath, [...options, '--no-warnings', '--eval', script], {
    cwd: project,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  const [code, message, hasCause] = JSON.parse(stdout)
  expect([code, hasCause]).toStrictEqual(['ERR_ADDON_NOT_LOADED', true])
  return message
}

describe('an addon that cannot be loaded', () => {
  test.each<[string, string, Libc, string]>([
    ['linux', 'x64', 'glibc', 'linux-x64-gnu'],
    ['linux', 'arm64', 'a glibc that its program does not name', 'linux-arm64-gnu'],
    ['linux', 'x64', 'musl', 'linux-x64-musl'],
    ['linux', 'arm64', 'a musl that its program does not name', 'linux-arm64-musl'],
    ['darwin', 'x64', 'glibc', 'darwin-x64'],
    ['darwin', 'arm64', 'glibc', 'darwin-arm64'],
    ['win32', 'x64', 'glibc', 'win32-x64-msvc'],
  ])(
    'without its package on %s %s %s, the message names it and --omit=optional',
    (platform, arch, libc, name) => {
      const message = failureOn(platform, arch, libc)

      expect(message).toContain(`@redlatch/binding-${name} is not installed`)
      expect(message).toContain('--omit=optional')
      expect(message).toContain('--include=optional')
      expect(message).toContain('lock file')
    },
  )

  test('with the package of another libc instead, the message names both and how to install the right one', () => {
    installPlatform('linux-x64-gnu', '')

    const message = failureOn('linux', 'x64', 'musl')

    expect(message).toContain(
      '@redlatch/binding-linux-x64-musl is not installed, but @redlatch/binding-linux-x64-gnu is',
    )
    expect(message).toContain('npm install --os=linux --cpu=x64 --libc=musl')
  })

  test('with the packages of both libcs, as some package managers install them, a Node on musl requires its own', () => {
    installPlatform('linux-x64-gnu', 'the one for glibc')
    installPlatform('linux-x64-musl', 'the one for musl')

    const message = failureOn('linux', 'x64', 'musl')

    expect(message).toContain('the addon for linux-x64-musl is installed, but cannot be loaded: ')
    expect(message).toContain('binding-linux-x64-musl/addon.node')
  })

  test.each(platforms)(
    'the package for %s is the one that is required there',
    (name, platform, arch, libc) => {
      installPlatform(name, 'not an addon')

      expect(failureOn(platform, arch, libc)).toContain(
        `the addon for ${name} is installed, but cannot be loaded`,
      )
    },
  )

  test('with a file that is no addon of this system, the message has the reason and the remedy', () => {
    installPlatform('linux-x64-gnu', 'not an addon')

    const message = failureOn('linux')

    expect(message).toContain('the addon for linux-x64-gnu is installed, but cannot be loaded: ')
    expect(message).toContain('delete it and install again')
    expect(message).toContain('glibc')
  })

  // Node 20 has the option under its experimental name only.
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'

  test.each([
    ['--no-addons', ['--no-addons'], /^Node runs with --no-addons\b.*Remove the option/],
    ['--permission', [permission, '--allow-fs-read=*'], /^Node runs with --permission\b.*Add --allow-addons/],
  ])('with %s, the message names that option and what to do about it', (_, options, expected) => {
    installPlatform('linux-x64-gnu', 'not an addon')

    const message = failureOn('linux', 'x64', 'glibc', options)

    expect(message.replace('redlatch cannot load its addon: ', '')).toMatch(expected)
    expect(message).not.toContain('node_modules')
  })

  test.each([
    ['sunos', 'x64', 'sunos-x64'],
    ['linux', 's390x', 'linux-s390x-gnu'],
    ['win32', 'ia32', 'win32-ia32-msvc'],
  ])(
    'on %s %s, which has no addon, the message lists the platforms that have one',
    (platform, arch, name) => {
      const message = failureOn(platform, arch)

      expect(message).toContain(`there is no addon for ${name}`)
      expect(message).toContain('linux-x64-gnu, linux-arm64-gnu')
      expect(message).toContain('win32-x64-msvc')
      expect(message).toContain('docs/platforms.md')
    },
  )

  test('an addon that was built for a platform without a package, as docs/platforms.md says, is the one that is loaded', () => {
    writeFileSync(join(project, 'node_modules/redlatch/dist/redlatch.linux-s390x-gnu.node'), 'not an addon')

    expect(failureOn('linux', 's390x')).toContain(
      'the addon for linux-s390x-gnu is installed, but cannot be loaded: ',
    )
  })

  test('the platforms that it lists are those of the package', () => {
    const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const list = failureOn('sunos').split('only for ')[1] ?? ''

    expect(list.split(', ')).toHaveLength(napi.targets.length)
  })
})
