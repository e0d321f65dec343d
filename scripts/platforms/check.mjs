// Checks what a system's loader will ask of an addon: which libraries it needs, and in which versions.

import { statSync } from 'node:fs'

import { fail, installProgram, printed } from '../setup.mjs'
import { addonFile, GLIBC, MACOS } from './build.mjs'
import { platformOf } from './targets.mjs'

/** The libraries that an addon may need: those which the system has in any case. */
const systemLibraries = {
  linux: /^(lib(c|m|dl|rt|pthread)\.so\.\d|ld-linux-.*|libc\.so)$/,
  darwin: /^\/(usr\/lib\/lib|System\/Library\/Frameworks\/)/,
  win32: /^(api-ms-win-[\w-]+|advapi32|bcrypt\w*|crypt32|kernel32|ntdll|secur32|userenv|ws2_32)\.dll$/i,
}

/** What is told of the addon for `target`. Stops the process when it would not load where it is to. */
export function checkAddon(target) {
  const file = addonFile(target)
  const facts = [`${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`]
  // The tools below are those of Linux; elsewhere the system itself loads the addon in the tests.
  if (process.platform !== 'linux') return facts
  const platform = platformOf(target)
  const { os } = platform
  const { libraries, more } = { linux: elf, darwin: machO, win32: portableExecutable }[os](file, platform)
  const others = libraries.filter((name) => !systemLibraries[os].test(name))
  if (libraries.length === 0) fail(`${file} names no library at all, not even the system's.`)
  if (others.length > 0) fail(`${file} needs ${others.join(', ')}, which not every system has.`)
  return [...facts, ...more]
}

function elf(file, { libc }) {
  installProgram('readelf', { apt: 'binutils' })
  const dynamic = printed('readelf', ['--wide', '--dynamic', file])
  const libraries = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name)
  if (/ \.symtab /.test(printed('readelf', ['--wide', '--sections', file]))) fail(`${file} is not stripped.`)
  if (libc !== 'glibc') return { libraries, more: [] }
  const symbols = printed('readelf', ['--wide', '--dyn-syms', file])
  const versions = [...symbols.matchAll(/@GLIBC_(\d+)\.(\d+)/g)].map(([, ...parts]) => parts.map(Number))
  const newest = versions.sort(compare).at(-1)?.join('.') ?? fail(`${file} names no glibc.`)
  if (isNewer(newest, GLIBC)) fail(`${file} needs glibc ${newest}, not ${GLIBC}.`)
  return { libraries, more: [`needs glibc ${newest}`] }
}

const compare = ([a, b], [c, d]) => a - c || b - d
const isNewer = (one, other) => compare(one.split('.'), other.split('.')) > 0

function machO(file, { cpu }) {
  installProgram('llvm-objdump', { apt: 'llvm' })
  const headers = printed('llvm-objdump', ['--macho', '--private-headers', file])
  const libraries = [...headers.matchAll(/cmd LC_LOAD_DYLIB\n\s*cmdsize \d+\n\s*name (\S+)/g)].map(
    ([, name]) => name,
  )
  const [, minimum] =
    /cmd LC_(?:BUILD_VERSION|VERSION_MIN_MACOSX)\n(?:.*\n){1,4}?\s*(?:minos|version) (\d+\.\d+)$/m.exec(
      headers,
    ) ?? fail(`${file} names no version of macOS.`)
  if (isNewer(minimum, MACOS[cpu])) fail(`${file} needs macOS ${minimum}, not ${MACOS[cpu]}.`)
  if (cpu === 'arm64' && !/cmd LC_CODE_SIGNATURE$/m.test(headers)) {
    fail(`${file} is not signed, which Apple's processors ask for.`)
  }
  // A symbol of no library is looked for in the whole process, where only those of Node-API are.
  const undefinedSymbols = printed('llvm-nm', ['--format=darwin', '--undefined-only', file])
  const unresolved = undefinedSymbols.split('\n').filter((line) => / \(dynamically looked up\)$/.test(line))
  const foreign = unresolved.filter((line) => !/ _(napi|node_api)_/.test(line))
  if (foreign.length > 0) fail(`${file} has symbols that nothing will resolve:\n${foreign.join('\n')}`)
  return { libraries, more: [`needs macOS ${minimum}`] }
}

function portableExecutable(file) {
  installProgram('llvm-readobj', { apt: 'llvm' })
  const imports = printed('llvm-readobj', ['--coff-imports', file])
  return { libraries: [...imports.matchAll(/^\s*Name: (\S+)$/gm)].map(([, name]) => name), more: [] }
}
