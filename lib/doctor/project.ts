// What the project's own files say: whether the addon is installed, and whether Next.js is told not to bundle it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Finding, ok, problem, skipped, warning } from './finding.js'

const CONFIGS = ['ts', 'mts', 'js', 'mjs', 'cjs'].map((ending) => `next.config.${ending}`)
const LINE = "serverExternalPackages: ['redlatch']"

function read(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return undefined
  }
}

/** Loads the addon as the app would. */
export async function checkAddon(): Promise<Finding> {
  try {
    await import('../addon.js')
    return ok('addon', `It is loaded on ${process.platform} ${process.arch}, Node ${process.versions.node}.`)
  } catch (error) {
    const { message } = error as Error
    const [, reason = message] = /^redlatch cannot load its addon: (.*)$/s.exec(message) ?? []
    return problem('addon', 'It cannot be loaded.', reason)
  }
}

/** The version of Next.js that package.json asks for; `undefined` when it does not. */
function nextVersion(folder: string): string | undefined {
  try {
    const { dependencies, devDependencies } = JSON.parse(read(folder, 'package.json') ?? '')
    return dependencies?.next ?? devDependencies?.next
  } catch {
    return undefined
  }
}

/** Reads the configuration as text: running it could do anything. */
export function checkNext(folder: string): Finding {
  const version = nextVersion(folder)
  if (version === undefined) return skipped('next', 'This project does not depend on Next.js.')
  const name = CONFIGS.find((config) => read(folder, config) !== undefined)
  if (!name) {
    return problem(
      'next',
      'There is no next.config, so the addon would be bundled.',
      `Make one with ${LINE}.`,
    )
  }
  const text = withoutComments(read(folder, name) ?? '')
  if (listed(text, 'transpilePackages')) {
    return problem('next', `${name} has redlatch in transpilePackages.`, `Remove it there and add ${LINE}.`)
  }
  if (listed(text, 'serverExternalPackages')) return ok('next', `${name} keeps redlatch out of the bundle.`)
  if (/serverExternalPackages/.test(text) && /\bredlatch\b/.test(text)) {
    return warning('next', `${name} names redlatch, but not where it can be read.`, `Make sure of ${LINE}.`)
  }
  return problem('next', `${name} does not have redlatch in serverExternalPackages.`, `Add ${LINE}.`)
}

function listed(text: string, option: string): boolean {
  const [, list = ''] = new RegExp(`${option}["']?\\s*:\\s*\\[([^\\]]*)\\]`).exec(text) ?? []
  return /["'`]redlatch["'`]/.test(list)
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1')
}
