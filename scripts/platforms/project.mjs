// A project for each platform under target/, in which the package is installed as it is published.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { transformSync } from '@swc/core'

import { installPacked } from '../example.mjs'
import { pack } from '../pack.mjs'
import { root } from '../setup.mjs'
import { addonFolder } from './build.mjs'
import { installNode } from './node.mjs'
import { platformOf } from './targets.mjs'

export const projects = join(root, 'target', 'platforms', 'projects')

const tests = join(root, '__test__')

/**
 * Makes the project for the platform of `target`, with the addon that has been built for it; with Jest and its specs, if
 * `withSpecs` is set.
 */
export function installProject(target, { withSpecs }) {
  const platform = platformOf(target)
  installNode(platform)
  const folder = join(projects, platform.name)
  mkdirSync(folder, { recursive: true })
  cpSync(join(tests, 'platforms'), folder, { recursive: true })
  if (withSpecs) writeSpecs(folder)
  const packages = join(folder, 'packages')
  rmSync(packages, { recursive: true, force: true })
  mkdirSync(packages)
  const chosen = [`--os=${platform.os}`, `--cpu=${platform.cpu}`, '--ignore-scripts']
  if (platform.libc) chosen.push(`--libc=${platform.libc}`)
  installPacked(folder, pack(packages, addonFolder(target)), chosen)
  return { platform, folder }
}

/** Adds Jest, and what the specs import, in the versions of this repository. */
function addPackages(folder, sources) {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  const imported = sources.flatMap((source) =>
    [...readFileSync(source, 'utf8').matchAll(/ from '([^']+)'/g)].map(([, name]) => name),
  )
  const names = Object.keys(own).filter((name) => name === 'jest' || imported.includes(name))
  const file = join(folder, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  manifest.devDependencies = Object.fromEntries(names.map((name) => [name, own[name]]))
  writeFileSync(file, JSON.stringify(manifest))
}

/** The specs on memory as JavaScript, because an emulator would take long to make it, and a compiler has its own addon. */
function writeSpecs(folder) {
  rmSync(join(folder, '__test__'), { recursive: true, force: true })
  const sources = ['behaviour', 'support'].flatMap((name) =>
    readdirSync(join(tests, name)).map((file) => join(tests, name, file)),
  )
  for (const source of sources) writeScript(source, join(folder, '__test__', relative(tests, source)))
  addPackages(folder, sources)
  // One spec compares the files that bundlers get.
  const isScript = (path) => !path.endsWith('.node')
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true, filter: isScript })
}

function writeScript(source, target) {
  mkdirSync(dirname(target), { recursive: true })
  if (!source.endsWith('.ts')) return cpSync(source, target)
  const { code } = transformSync(readFileSync(source, 'utf8'), {
    filename: source,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  })
  return writeFileSync(target.replace(/\.ts$/, '.js'), code)
}
