// Builds the addon for Linux as it is published: linked by zig against an old glibc or against musl, for any Linux target.
//   node scripts/build-portable.mjs [target]    the addon is then in target/portable

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { fail, installPackages, root, run } from './setup.mjs'

/** Older than that of any system or serverless image that still gets Node 20. */
const GLIBC = '2.17'

const tools = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0']
const virtualEnvironment = join(root, 'target', 'zig')
const output = join(root, 'target', 'portable')

/** The target of this machine, if there is a portable build for it. */
export function portableTarget() {
  const isGlibc = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime
  const cpu = { x64: 'x86_64', arm64: 'aarch64' }[process.arch]
  return isGlibc && cpu ? `${cpu}-unknown-linux-gnu` : undefined
}

/** Builds for `target` and returns the folder in which the addon is. */
export function buildPortable(target) {
  installZig()
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  const spelled = target.endsWith('-gnu') ? `${target}.${GLIBC}` : target
  const options = [
    '--platform',
    '--release',
    '--cross-compile',
    '--no-js',
    '--dts',
    'target/portable/binding.d.ts',
  ]
  const PATH = `${join(virtualEnvironment, 'bin')}${delimiter}${process.env.PATH}`
  const isBuilt = run('npx', ['napi', 'build', ...options, '--target', spelled, '--output-dir', output], {
    env: { ...process.env, PATH },
  })
  if (!isBuilt) fail('The portable build failed; see above.')
  return output
}

/** Zig and cargo-zigbuild, as PyPI has them, in a virtual environment. */
function installZig() {
  const pip = join(virtualEnvironment, 'bin', 'pip')
  const list = () => spawnSync(pip, ['freeze'], { encoding: 'utf8' }).stdout ?? ''
  if (existsSync(pip) && tools.every((tool) => list().includes(tool))) return
  const isInstalled =
    run('python3', ['-m', 'venv', virtualEnvironment]) &&
    run(pip, ['install', '--quiet', '--disable-pip-version-check', ...tools])
  if (!isInstalled) fail('Zig is missing: Python 3 with venv is needed to install it from PyPI.')
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  installPackages()
  const target = process.argv[2] ?? portableTarget()
  if (!target) fail('There is no portable build for this machine; name a target.')
  buildPortable(target)
}
