// npx redlatch init: adds this package to a project. What is there already stays as it is, so a second run changes
// nothing.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { type Change, difference, read, write } from './changes.js'
import { withExternalPackage } from './external-package.js'
import { LINE, NextConfig } from './next-config.js'

const REDIS = "export { CustomerCache, FormCache, IdempotencyCache, redisManager } from 'redlatch'\n"
const EXAMPLE = '.env.example'
const VARIABLES = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN']

/** What to change, and what the caller has to do by hand. */
interface Plan {
  changes: Change[]
  notes: string[]
}

/** Whether the project in `folder` has all of it afterwards. */
export async function init(folder: string, isConfirmed: boolean): Promise<boolean> {
  const parts = [redisFile(folder), nextConfig(folder), exampleFile(folder)]
  const changes = parts.flatMap((part) => part.changes).filter(({ before, after }) => before !== after)
  const notes = parts.flatMap((part) => part.notes)
  for (const change of changes) process.stdout.write(`${difference(change)}\n`)
  for (const note of notes) process.stdout.write(`${note}\n`)
  if (changes.length === 0) {
    process.stdout.write('Nothing to change.\n')
    return notes.length === 0
  }
  if (!isConfirmed && !(await confirm())) {
    process.stdout.write('Nothing is changed.\n')
    return false
  }
  for (const change of changes) write(folder, change)
  const paths = changes.map(({ path }) => path).join(', ')
  process.stdout.write(`Written: ${paths}. Set the two variables, then run npx redlatch doctor.\n`)
  return notes.length === 0
}

/** Asks on the terminal. The end of the input means no. */
function confirm(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  return new Promise((resolve) => {
    terminal.once('close', () => resolve(false))
    terminal.question('Make these changes? (y/N) ', (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()))
      terminal.close()
    })
  })
}

function redisFile(folder: string): Plan {
  const source = existsSync(join(folder, 'src')) && !existsSync(join(folder, 'lib')) ? 'src/lib' : 'lib'
  const ending = existsSync(join(folder, 'tsconfig.json')) ? 'ts' : 'js'
  for (const name of ['ts', 'js'].map((other) => `${source}/redis.${other}`)) {
    const text = read(folder, name)
    if (text === undefined) continue
    const isDone = /["']redlatch["']/.test(text)
    return {
      changes: [],
      notes: isDone ? [] : [`${name} is there already. It has to export: ${REDIS.trim()}`],
    }
  }
  return { changes: [{ path: `${source}/redis.${ending}`, before: undefined, after: REDIS }], notes: [] }
}

function nextConfig(folder: string): Plan {
  const byHand = (name: string) => ({ changes: [], notes: [`Add to ${name} by hand: ${LINE}`] })
  let config: NextConfig | undefined
  try {
    config = NextConfig.read(folder)
  } catch {
    return byHand('next.config, which cannot be parsed,')
  }
  if (!config) {
    const path = existsSync(join(folder, 'tsconfig.json')) ? 'next.config.ts' : 'next.config.mjs'
    return { changes: [{ path, before: undefined, after: `export default {\n  ${LINE},\n}\n` }], notes: [] }
  }
  const after = withExternalPackage(config)
  if (after === undefined) return byHand(config.name)
  return { changes: [{ path: config.name, before: config.syntax.text, after }], notes: [] }
}

function exampleFile(folder: string): Plan {
  const before = read(folder, EXAMPLE)
  const missing = VARIABLES.filter((name) => !new RegExp(`^\\s*#?\\s*${name}\\s*=`, 'm').test(before ?? ''))
  const end = before && !before.endsWith('\n') ? '\n' : ''
  const after = `${before ?? ''}${end}${missing.map((name) => `${name}=\n`).join('')}`
  return { changes: missing.length > 0 ? [{ path: EXAMPLE, before, after }] : [], notes: [] }
}
