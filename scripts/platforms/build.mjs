// Builds the addon for a target: with the Rust of this machine where it has the target's standard library or can get it,
// and otherwise with that of a Debian under target/, which has its sources and builds it, too.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { fail, printed, root, run } from '../setup.mjs'
import { installInDebian, printedInDebian, runInDebian, whyNoDebian } from './debian.mjs'
import { installFromPyPI } from './python.mjs'
import { frameworks, libnode } from './stand-ins.mjs'
import { platformOf, windowsGnu } from './targets.mjs'

/** Older than that of any system or serverless image that still gets Node 20. */
export const GLIBC = '2.17'

/** The oldest on which Node 20 runs, by processor. */
export const MACOS = { x64: '10.15', arm64: '11.0' }

/** Where the addon for `target` is once it has been built. */
export function addonFolder(target) {
  // What is not published must not be where it would be.
  return target === windowsGnu
    ? join(root, 'target', 'platforms', 'win32-x64-gnu')
    : join(root, 'npm', platformOf(target).name)
}

/** The addon's file. That of `windowsGnu` has the name that Node on Windows looks for. */
export function addonFile(target) {
  const name = target === windowsGnu ? 'win32-x64-msvc' : platformOf(target).name
  return join(addonFolder(target), `redlatch.${name}.node`)
}

/** Builds for `target`, and returns with what. */
export function buildTarget(target) {
  if (process.platform === 'linux' && target.endsWith('-msvc')) {
    fail(`Linux has no linker for ${target}. ${windowsGnu} is what can be built here, for a test under Wine.`)
  }
  const built = hasStandardLibrary(target) ? buildHere(target) : buildInDebian(target)
  mkdirSync(addonFolder(target), { recursive: true })
  copyFileSync(built.library, addonFile(target))
  return built.rust
}

/** Whether the Rust of this machine has the target's standard library, after rustup has tried to get it. */
function hasStandardLibrary(target) {
  const isThere = () => {
    const { stdout } = spawnSync('rustc', ['--print', 'target-libdir', '--target', target], {
      encoding: 'utf8',
    })
    const folder = stdout?.trim()
    return (
      Boolean(folder) && existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('libstd-'))
    )
  }
  return isThere() || (run('rustup', ['target', 'add', target]) && isThere())
}

/** On Linux, zig links; elsewhere, the system's own linker. */
function buildHere(target) {
  const folder = join(root, 'target', 'platforms', 'build')
  const environment = { ...process.env, ...buildEnvironment(target), CARGO_TARGET_DIR: folder }
  const program = process.platform === 'linux' ? join(zig(), 'bin', 'cargo-zigbuild') : 'cargo'
  if (!run(program, buildArguments(target), { env: environment }))
    fail(`The build for ${target} failed; see above.`)
  return { library: library(folder, target), rust: `${printed('rustc', ['--version'])}, this machine's` }
}

function buildInDebian(target) {
  const reason = whyNoDebian()
  if (reason) {
    fail(
      `The standard library of Rust for ${target} is missing: rustup target add ${target}. Where Rust's own servers ` +
        `cannot be reached, scripts/platforms/debian.mjs builds it; ${reason}.`,
    )
  }
  installInDebian('cargo', 'gcc', 'rust-src', 'rustc', ...(target.endsWith('-darwin') ? ['llvm'] : []))
  const folder = join(root, 'target', 'platforms', 'build-debian')
  const environment = {
    ...buildEnvironment(target),
    CARGO_HOME: join(root, 'target', 'platforms', 'cargo'),
    CARGO_TARGET_DIR: folder,
    // Building the standard library is not stable yet.
    RUSTC_BOOTSTRAP: '1',
  }
  const options = ['-Z', 'build-std=std,panic_unwind']
  // rustc would strip with an objcopy that Debian's has not.
  const stripsAfterwards = target.endsWith('-darwin')
  if (stripsAfterwards) options.push('--config', 'profile.release.strip=false')
  const program = join(zig(), 'bin', 'cargo-zigbuild')
  const isBuilt =
    runInDebian(program, [...buildArguments(target), ...options], environment) &&
    (!stripsAfterwards || runInDebian('llvm-strip', ['-x', library(folder, target)]))
  if (!isBuilt) fail(`The build for ${target} failed; see above.`)
  return { library: library(folder, target), rust: `${printedInDebian('rustc', ['--version'])}, of Debian` }
}

function buildArguments(target) {
  const spelled =
    target.endsWith('-linux-gnu') && process.platform === 'linux' ? `${target}.${GLIBC}` : target
  const command = process.platform === 'linux' ? 'zigbuild' : 'build'
  return [command, '--release', '--locked', '--package', 'redlatch', '--target', spelled]
}

function buildEnvironment(target) {
  const { os, cpu, libc } = platformOf(target)
  const environment = { CARGO_INCREMENTAL: '0' }
  // A library that Node loads cannot have a musl of its own.
  if (libc === 'musl') environment.RUSTFLAGS = '-C target-feature=-crt-static'
  if (os === 'darwin') environment.MACOSX_DEPLOYMENT_TARGET = MACOS[cpu]
  if (process.platform !== 'linux') return environment
  environment.CARGO_ZIGBUILD_ZIG_PATH = join(zig(), 'ziglang', 'zig')
  if (os === 'darwin') environment.RUSTFLAGS = `-C link-arg=-F${frameworks()}`
  if (target === windowsGnu) environment.LIBNODE_PATH = libnode()
  return environment
}

/** Zig with cargo-zigbuild. */
const zig = () => installFromPyPI('zig', 'zig')

/** The library that cargo has made. */
function library(folder, target) {
  const { os } = platformOf(target)
  const name = { darwin: 'libredlatch.dylib', win32: 'redlatch.dll' }[os] ?? 'libredlatch.so'
  return join(folder, target, 'release', name)
}
