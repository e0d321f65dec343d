// A Debian of its own under target/, in which the standard library of Rust can be built for any target, and programs for
// other systems run. It is Debian's unstable, the only one with a Rust that is new enough and with Wine. Nothing of it is
// mounted after a command in it has ended: bubblewrap gives each command a mount namespace of its own.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { fail, installProgram, printed, root, run } from '../setup.mjs'

const folder = join(root, 'target', 'platforms', 'debian')

/** Large parts of packages, for other processors or for reading. */
const leftOut = [
  '/usr/share/doc/*',
  '/usr/share/locale/*',
  '/usr/share/man/*',
  '/usr/bin/qemu-*',
  '/usr/lib/x86_64-linux-gnu/wine/i386-windows/*',
  '/usr/src/rustc-*/src/doc/*',
  '/usr/src/rustc-*/src/tools/*',
]

/** Why there can be no such Debian on this machine; `undefined` if there can. */
export function whyNoDebian() {
  const isRootOfLinux = process.platform === 'linux' && process.arch === 'x64' && process.getuid() === 0
  if (!isRootOfLinux) return 'it needs root on Linux x64'
  const { error } = spawnSync('apt-get', ['--version'])
  return error ? 'it needs apt-get, as Debian and Ubuntu have it' : undefined
}

/** Makes the Debian unless it is there, and installs those of `packages` that it lacks. */
export function installInDebian(...packages) {
  const reason = whyNoDebian()
  if (reason) fail(`Debian cannot be installed under target/: ${reason}.`)
  if (!existsSync(folder)) makeDebian()
  const selections = printedInDebian('dpkg', ['--get-selections'])
  const installed = [...selections.matchAll(/^(\S+?)(?::amd64)?\s+install$/gm)].map(([, name]) => name)
  const missing = packages.filter((name) => !installed.includes(name))
  if (missing.length === 0) return
  const isInstalled =
    runInDebian('apt-get', ['update', '--quiet']) &&
    runInDebian(
      'apt-get',
      ['install', '--quiet', '--yes', '--option=APT::Keep-Downloaded-Packages=false', ...missing],
      {
        DEBIAN_FRONTEND: 'noninteractive',
      },
    )
  if (!isInstalled)
    fail(`${missing.join(', ')} cannot be installed under target/platforms/debian; see above.`)
}

function makeDebian() {
  installProgram('mmdebstrap', { apt: 'mmdebstrap' })
  installProgram('bwrap', { apt: 'bubblewrap' })
  // The signatures of Debian are checked on Ubuntu, too.
  if (!existsSync('/usr/share/keyrings/debian-archive-keyring.gpg')) {
    run('apt-get', ['install', '--yes', 'debian-archive-keyring'])
  }
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const isMade = run('mmdebstrap', [
    '--variant=minbase',
    '--architectures=amd64,arm64',
    '--include=ca-certificates',
    '--aptopt=APT::Install-Recommends "false"',
    // A mirror may be weeks behind. The signature is checked all the same.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    // bubblewrap has no second user to drop to.
    '--aptopt=APT::Sandbox::User "root"',
    ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--dpkgopt=path-include=/usr/bin/qemu-aarch64',
    'sid',
    unfinished,
  ])
  if (!isMade) fail('Debian cannot be installed under target/platforms/debian; see above.')
  // What Node calls the musl that Debian calls libc.so.
  for (const cpu of ['x86_64', 'aarch64']) {
    symlinkSync(`ld-musl-${cpu}.so.1`, join(unfinished, 'usr', 'lib', `libc.musl-${cpu}.so.1`))
  }
  renameSync(unfinished, folder)
}

/**
 * The command that runs `command` in the Debian, in the folder `cwd`. The project is where it is outside, and so is the
 * network. `inPlaceOf` has files of the Debian by the paths at which they are to be instead.
 */
export function debianCommand(command, args, { environment = {}, cwd = root, inPlaceOf = {} } = {}) {
  // With the machine's certificate authorities, of which it may have its own.
  const shared = ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs'].flatMap((path) => [
    '--ro-bind-try',
    path,
    path,
  ])
  const set = { HOME: '/root', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...environment }
  const variables = Object.entries(set).flatMap(([name, value]) => ['--setenv', name, value])
  const mounts = ['--bind', folder, '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', ...shared]
  const moved = Object.entries(inPlaceOf).flatMap(([path, file]) => ['--ro-bind', join(folder, file), path])
  const project = ['--bind', root, root, '--chdir', cwd]
  return [
    'bwrap',
    [...mounts, ...moved, ...project, '--die-with-parent', '--unshare-pid', ...variables, command, ...args],
  ]
}

/** Runs a command in the Debian with its output shown; `false` when it fails. */
export const runInDebian = (command, args, environment) =>
  run(...debianCommand(command, args, { environment }))

/** What a command in the Debian prints. */
export const printedInDebian = (command, args) => printed(...debianCommand(command, args))
