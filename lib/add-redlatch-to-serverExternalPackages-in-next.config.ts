// Requires the addon. This file has the remedy for its name: a bundler that was not told to leave this package alone stops
// here, and its error shows the name.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

type Binding = typeof import('./binding.js')

/**
 * The addon for `platform`: one that was built beside this file, or else that of the platform's package. Throws what
 * `explained` makes of an error. Bundlers, and what traces files for them, find a package by its name in a call of
 * `require`, and within `try` they take it that it may be missing.
 */
export function requireAddon(platform: string, explained: (error: Error) => Error): Binding {
  try {
    const isBuiltHere = existsSync(join(__dirname, `redlatch.${platform}.node`))
    if (isBuiltHere) return require(`./redlatch.${platform}.node`)
    switch (platform) {
      case 'linux-x64-gnu':
        return require('@redlatch/binding-linux-x64-gnu')
      case 'linux-arm64-gnu':
        return require('@redlatch/binding-linux-arm64-gnu')
      case 'linux-x64-musl':
        return require('@redlatch/binding-linux-x64-musl')
      case 'linux-arm64-musl':
        return require('@redlatch/binding-linux-arm64-musl')
      case 'darwin-x64':
        return require('@redlatch/binding-darwin-x64')
      case 'darwin-arm64':
        return require('@redlatch/binding-darwin-arm64')
      case 'win32-x64-msvc':
        return require('@redlatch/binding-win32-x64-msvc')
      default:
        throw Object.assign(new Error(`no package for ${platform}`), { code: 'MODULE_NOT_FOUND' })
    }
  } catch (error) {
    throw explained(error as Error)
  }
}
