// Looks for what still talks to the database past this package: it gets errors where redlatch goes on with memory.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import { type Finding, ok, warning } from './finding.js'

const SOURCE = /\.[cm]?[jt]sx?$/
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'out', 'coverage', 'target'])
const CLIENT = /(?:from|import|require\(|import\()\s*["']@upstash\/redis(?:\/[\w-]+)?["']/
const MAX_FILES = 20_000
const SHOWN = 5
const REMEDY =
  'Use redisManager there, so that these calls have the same fallback. Keep @upstash/redis beside it for what it ' +
  'cannot do, such as listing keys.'

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

/** Looks at no more than `maxFiles`. */
export function checkClients(folder: string, maxFiles = MAX_FILES): Finding {
  const found: string[] = []
  let seen = 0
  for (const path of sources(folder)) {
    if (seen === maxFiles) return incomplete(found, maxFiles)
    seen += 1
    if (CLIENT.test(readFileSync(path, 'utf8'))) found.push(relative(folder, path))
  }
  if (found.length === 0) return ok('clients', 'No file uses @upstash/redis directly.')
  return warning('clients', `@upstash/redis is used directly in ${list(found)}.`, REMEDY)
}

function incomplete(found: string[], maxFiles: number): Finding {
  const message = `Only the first ${maxFiles.toLocaleString('en')} source files were read`
  return found.length > 0
    ? warning('clients', `${message}. @upstash/redis is used directly in ${list(found)}.`, REMEDY)
    : warning(
        'clients',
        `${message}; none of them uses @upstash/redis directly.`,
        'Run the doctor in the folder of the app.',
      )
}

function list(found: string[]): string {
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : ''
  return `${found.slice(0, SHOWN).join(', ')}${more}`
}
