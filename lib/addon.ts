// Loads the addon, or says in one message why it is not there and what to do about it.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { requireAddon } from './add-redlatch-to-serverExternalPackages-in-next.config.js'
import { libc, platformName } from './platform.js'

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

/** Whether one of Node's options refuses every addon. Node has two errors for it, the second one for all permissions. */
const isRefused = ({ code, message }: NodeJS.ErrnoException) =>
  code === 'ERR_DLOPEN_DISABLED' || message.includes('--allow-addons')

/** Which option of Node refuses every addon, and what to do about it. */
function refusedByOption(): string {
  if (process.permission && !process.permission.has('addon')) {
    return 'Node runs with --permission, which refuses addons. Add --allow-addons, or run without --permission.'
  }
  return 'Node runs with --no-addons, which refuses addons. Remove the option, also from NODE_OPTIONS.'
}

function explain(error: NodeJS.ErrnoException, platform: string): string {
  if (isRefused(error)) return refusedByOption()
  if (error.code !== 'MODULE_NOT_FOUND') {
    const [reason] = error.message.split('\n')
    return (
      `the addon for ${platform} is installed, but cannot be loaded: ${reason}. If node_modules was made on another ` +
      'system, delete it and install again on this one; on Linux, the addon needs glibc 2.17 or musl 1.2, or later.'
    )
  }
  if (!supported.includes(platform)) {
    return (
      `there is no addon for ${platform}, only for ${supported.join(', ')}; ` +
      "the package's docs/platforms.md says how to build one."
    )
  }
  const missing = `@redlatch/binding-${platform} is not installed`
  const others = installedPackages()
  if (others.length > 0) {
    return (
      `${missing}, but ${others.join(' and ')} is: node_modules or the lock file was made on another system, or for ` +
      'another libc. Delete node_modules and install on this system, or elsewhere for this one with ' +
      `npm install --os=${process.platform} --cpu=${process.arch}${libc() ? ` --libc=${libc()}` : ''}.`
    )
  }
  return (
    `${missing}. Either optional dependencies were left out (--omit=optional, also in .npmrc or a Dockerfile): install ` +
    'with --include=optional. Or the lock file was made on another system and does not know this one: delete ' +
    'node_modules and the lock file, and install again.'
  )
}

const platform = platformName()

/** The native addon. */
export const addon = requireAddon(platform, (error) => {
  const message = `redlatch cannot load its addon: ${explain(error, platform)}`
  return Object.assign(new Error(message, { cause: error }), { code: 'ERR_ADDON_NOT_LOADED' })
})
