// Installs examples/booking from tarballs, as a project outside this repository would install the package: a linked
// package is not in node_modules, and Next.js would bundle it.

import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { fail, root, run } from './setup.mjs'

const source = join(root, 'examples', 'booking')
const generated = ['node_modules', '.next', 'package-lock.json', 'next-env.d.ts']

/** Copies the example to `folder` and installs there what its package.json names, with `packed` for redlatch. */
export function installExample(folder, packed) {
  cpSync(source, folder, { recursive: true, filter: (path) => !generated.includes(basename(path)) })
  installPacked(folder, packed)
}

/** Installs what the project in `folder` depends on, with the tarballs in the place of redlatch. */
export function installPacked(folder, packed, options = []) {
  const file = join(folder, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  manifest.dependencies = { ...manifest.dependencies, redlatch: `file:${packed.main}` }
  manifest.optionalDependencies = { [packed.bindingName]: `file:${packed.binding}` }
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
  // An earlier run's package has the same version, so that npm would keep it.
  const earlier = ['package-lock.json', 'node_modules/.package-lock.json', 'node_modules/redlatch']
  for (const path of [...earlier, 'node_modules/@redlatch']) {
    rmSync(join(folder, path), { recursive: true, force: true })
  }
  const arguments_ = ['install', '--no-audit', '--no-fund', ...options]
  if (!run('npm', arguments_, { cwd: folder })) fail(`Installing ${basename(folder)} failed; see above.`)
}
