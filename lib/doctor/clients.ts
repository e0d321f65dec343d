// Looks for what still talks to the database past this package: it gets errors where redlatch goes on with memory.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import { type Finding, ok, warning } from './finding.js'

const SOURCE = /\.[cm]?[jt]sx?$/
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'out', 'coverage', 'target'])
const CLIENT = /(?:from|import|require\(|import\()\s*["']@upstash\/redis(?:\/[\w-]+)?["']/
const MAX_FILES = 20_000
const SHOWN = 5

/** The source files below `folder`, without what is generated or hidden. */
function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name) && !entry.name.startsWith('.')) yield* sources(path)
    } else if (entry.isFile() && SOURCE.test(entry.name)) {
      yield path
    }
  }
}

export function checkClients(folder: string): Finding {
  const found: string[] = []
  let seen = 0
  for (const path of sources(folder)) {
    seen += 1
    if (seen > MAX_FILES) break
    if (CLIENT.test(readFileSync(path, 'utf8'))) found.push(relative(folder, path))
  }
  if (found.length === 0) return ok('clients', 'No file uses @upstash/redis directly.')
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : ''
  return warning(
    'clients',
    `@upstash/redis is used directly in ${found.slice(0, SHOWN).join(', ')}${more}.`,
    'Use redisManager there, so that these calls have the same fallback.',
  )
}
