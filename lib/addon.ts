// Loads the addon, or says in one message why it is not there and what to do about it.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The platforms that have a package, as package.json has them in `optionalDependencies` when it is published. */
const supported = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
]

/** The last part of a platform's name, and what npm calls it. */
function libc(): { suffix: string; option: string } {
  if (process.platform === 'win32') return { suffix: '-msvc', option: '' }
  if (process.platform !== 'linux') return { suffix: '', option: '' }
  Object.assign(process.report, { excludeNetwork: true })
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  const isGlibc = Boolean(header.glibcVersionRuntime)
  return isGlibc ? { suffix: '-gnu', option: ' --libc=glibc' } : { suffix: '-musl', option: ' --libc=musl' }
}

/** The packages of other platforms that are installed beside this one. */
function installedPackages(): string[] {
  const root = join(__dirname, '..')
  for (const folder of [join(root, '..', '@redlatch'), join(root, 'node_modules', '@redlatch')]) {
    try {
      return readdirSync(folder).map((name) => `@redlatch/${name}`)
    } catch {
      // Not there: the next place, or none.
    }
  }
  return []
}

/** What went wrong with an addon that is there; `undefined` when there was none. */
function loadingFailure(error: Error): string | undefined {
  for (let cause = error.cause as Error | undefined; cause; cause = cause.cause as Error | undefined) {
    if (!/^(Cannot find|Unsupported)/.test(cause.message)) return cause.message.split('\n')[0]
  }
  return undefined
}

/** What Node says of an addon that one of its options refuses. There is only the text: the loader keeps no code. */
const REFUSED = /addons is disabled|--allow-addons/

/** Which option of Node refuses every addon, and what to do about it. */
function refusedByOption(): string {
  if (process.permission && !process.permission.has('addon')) {
    return 'Node runs with --permission, which refuses addons. Add --allow-addons, or run without --permission.'
  }
  return 'Node runs with --no-addons, which refuses addons. Remove the option, also from NODE_OPTIONS.'
}

function explain(error: Error): string {
  const { suffix, option } = libc()
  const platform = `${process.platform}-${process.arch}${suffix}`
  if (!supported.includes(platform)) {
    return `there is no addon for ${platform}, only for ${supported.join(', ')}.`
  }
  const failure = loadingFailure(error)
  if (failure && REFUSED.test(failure)) return refusedByOption()
  if (failure) {
    return (
      `the addon for ${platform} is installed, but cannot be loaded: ${failure}. If node_modules was made on another ` +
      'system, delete it and install again on this one; on Linux, the addon needs glibc 2.17 or musl 1.2, or later.'
    )
  }
  const missing = `@redlatch/binding-${platform} is not installed`
  const others = installedPackages()
  if (others.length > 0) {
    return (
      `${missing}, but ${others.join(' and ')} is: node_modules or the lock file was made on another system, or for ` +
      'another libc. Delete node_modules and install on this system, or elsewhere for this one with ' +
      `npm install --os=${process.platform} --cpu=${process.arch}${option}.`
    )
  }
  return (
    `${missing}. Either optional dependencies were left out (--omit=optional, also in .npmrc or a Dockerfile): install ` +
    'with --include=optional. Or the lock file was made on another system and does not know this one: delete ' +
    'node_modules and the lock file, and install again.'
  )
}

/**
 * The loader that napi-rs generates has the remedy for its name: a bundler that was not told to leave this package alone
 * stops at this file, and its error shows the name.
 */
function load(): typeof import('./binding.js') {
  try {
    return require('./add-redlatch-to-serverExternalPackages-in-next.config.js')
  } catch (error) {
    const message = `redlatch cannot load its addon: ${explain(error as Error)}`
    throw Object.assign(new Error(message, { cause: error }), { code: 'ERR_ADDON_NOT_LOADED' })
  }
}

/** The native addon. */
export const addon = load()
