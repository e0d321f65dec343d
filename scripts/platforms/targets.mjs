// The platforms: what Rust and npm call each.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { fail, root } from '../setup.mjs'

const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The targets of Rust that have a package. */
export const targets = napi.targets

/** Instead of `x86_64-pc-windows-msvc` on a system without Microsoft's linker. It is run, and never published. */
export const windowsGnu = 'x86_64-pc-windows-gnu'

/** Those that run on Linux x64 without an emulator. */
export const quickTargets = ['x86_64-unknown-linux-gnu', 'x86_64-unknown-linux-musl']

const cpus = { x86_64: 'x64', aarch64: 'arm64' }
const systems = { windows: 'win32' }

/** What `target` is in npm: for example `os` linux, `cpu` arm64, `libc` musl, and `name` linux-arm64-musl. */
export function platformOf(target) {
  const [cpu, , system, abi] = target.split('-')
  const os = systems[system] ?? system
  const name = [os, cpus[cpu] ?? cpu, abi].filter(Boolean).join('-')
  const libc = os === 'linux' ? { gnu: 'glibc', musl: 'musl' }[abi] : undefined
  return { name, os, cpu: cpus[cpu] ?? cpu, libc }
}

/** Whether it is this machine's. */
export function isOwn({ os, cpu, libc }) {
  if (os !== process.platform || cpu !== process.arch) return false
  if (os !== 'linux') return true
  return libc === (process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl')
}

/** The targets that `names` are, each by Rust's name or npm's; all that this system can build, if there are none. */
export function builtHere(names) {
  const own = targets.map((target) =>
    process.platform === 'linux' && target.endsWith('-msvc') ? windowsGnu : target,
  )
  if (names.length === 0) return own
  const known = [...new Set([...targets, ...own])]
  const byName = (name) => known.find((target) => name === target || name === platformOf(target).name)
  const unknown = names.filter((name) => !byName(name))
  if (unknown.length === 0) return names.map(byName)
  const list = known.map((target) => `  ${platformOf(target).name.padEnd(16)}  ${target}`)
  return fail(`There is no platform ${unknown.join(', ')}. There are:\n${list.join('\n')}`)
}
