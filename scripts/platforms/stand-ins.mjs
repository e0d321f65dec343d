// Libraries of other systems that are named when the addon is linked, and that Linux has not. They are empty: nothing is
// taken from them, which the checks after the build confirm.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from '../setup.mjs'

const folder = join(root, 'target', 'platforms', 'stand-ins')

/**
 * The folder with libnode for Windows: napi-rs looks up Node's symbols when it is loaded. Debian's Rust names a library for
 * stack protectors, too, which its compiler for C would put in.
 */
export function libnode() {
  mkdirSync(folder, { recursive: true })
  const names = ['libnode.dll', 'libnode.a', 'libssp_nonshared.a']
  for (const name of names) writeFileSync(join(folder, name), '!<arch>\n')
  return folder
}

/**
 * The folder with the frameworks of macOS, which crates name for a part that this package does not use: it has its own
 * root certificates.
 */
export function frameworks() {
  for (const name of ['CoreFoundation', 'Security']) {
    const framework = join(folder, `${name}.framework`)
    mkdirSync(framework, { recursive: true })
    const description = [
      '--- !tapi-tbd',
      'tbd-version: 4',
      'targets: [ x86_64-macos, arm64-macos ]',
      `install-name: '/System/Library/Frameworks/${name}.framework/Versions/A/${name}'`,
      '...',
    ]
    writeFileSync(join(framework, `${name}.tbd`), `${description.join('\n')}\n`)
  }
  return folder
}
