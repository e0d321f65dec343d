// The package under test: the build of this checkout, or that of another one.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { root } from '../scripts/setup.mjs'

const isAddon = (name) => /^redlatch\..*\.node$/.test(name)

/** The file that `require` loads for the package in `folder`. */
export function entryOf(folder = root) {
  const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, main)
}

export function loadPackage(folder = root) {
  return createRequire(import.meta.url)(entryOf(folder))
}

/** The addon of the package in `folder`: beside its entry or in the folder itself. Undefined before it is built. */
export function addonOf(folder = root) {
  const paths = [dirname(entryOf(folder)), folder].filter(existsSync)
  return paths.flatMap((path) =>
    readdirSync(path)
      .filter(isAddon)
      .map((name) => join(path, name)),
  )[0]
}
