// Which platform this is, in the words of the packages in npm/.

import { closeSync, openSync, readSync } from 'node:fs'

/** The first bytes of a file; none if it cannot be read. */
function start(path: string): Buffer {
  const bytes = Buffer.alloc(4096)
  try {
    const file = openSync(path, 'r')
    try {
      readSync(file, bytes)
    } finally {
      closeSync(file)
    }
  } catch {
    // Node's permissions may forbid it.
  }
  return bytes
}

/**
 * Whether this Node runs on musl. What is installed on the system does not tell: one for musl also runs where /usr/bin/ldd
 * is that of glibc. A program names its dynamic linker at its start, unless a tool has moved that name. Node's report
 * knows, too, but making one takes longer, and Node 20 may ask DNS about every open connection for it.
 */
function isMusl(): boolean {
  const program = start(process.execPath)
  if (program.includes('/ld-musl-')) return true
  if (program.includes('/ld-linux')) return false
  Object.assign(process.report, { excludeNetwork: true })
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return !header.glibcVersionRuntime
}

/** What npm calls the libc of this Node, on Linux. */
export function libc(): 'glibc' | 'musl' | undefined {
  if (process.platform !== 'linux') return undefined
  return isMusl() ? 'musl' : 'glibc'
}

/** For example `linux-x64-gnu`. */
export function platformName(): string {
  const suffixes: Record<string, string> = { glibc: '-gnu', musl: '-musl' }
  const suffix = process.platform === 'win32' ? '-msvc' : (suffixes[libc() ?? ''] ?? '')
  return `${process.platform}-${process.arch}${suffix}`
}
