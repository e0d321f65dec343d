// Packages of PyPI: zig, cargo-zigbuild, and Node for other systems. pip checks each file against the hash in requirements/.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { fail, installProgram, installSystemPackage, root, run } from '../setup.mjs'

const environment = join(root, 'target', 'platforms', 'python')
const requirements = (name) => join(import.meta.dirname, 'requirements', `${name}.txt`)

/** A virtual environment, because pip of a new Debian refuses to install beside its own packages. */
function pip() {
  const program = join(environment, 'bin', 'pip')
  if (existsSync(program)) return program
  rmSync(environment, { recursive: true, force: true })
  const make = () => run('python3', ['-m', 'venv', environment])
  if (!make()) {
    installProgram('python3', { apt: 'python3', brew: 'python' })
    // Debian and Ubuntu have venv in a package of its own.
    installSystemPackage('venv of Python', { apt: 'python3-venv', brew: 'python' })
    if (!make()) fail('Python 3 with venv is missing: install it and try again.')
  }
  return program
}

/** Installs what requirements/<name>.txt names into a folder, unless it is there, and returns the folder. */
export function installFromPyPI(name, folder, options = []) {
  const path = join(root, 'target', 'platforms', folder)
  const stamp = join(path, 'requirements.txt')
  const wanted = readFileSync(requirements(name), 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return path
  const unfinished = `${path}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  const fixed = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-cache-dir',
    '--no-deps',
    '--only-binary=:all:',
  ]
  const from = ['--require-hashes', '--requirement', requirements(name)]
  if (!run(pip(), ['install', ...fixed, ...options, ...from, '--target', unfinished])) {
    fail(`${name} cannot be installed from PyPI; see above.`)
  }
  writeFileSync(join(unfinished, 'requirements.txt'), wanted)
  rmSync(path, { recursive: true, force: true })
  renameSync(unfinished, path)
  return path
}
