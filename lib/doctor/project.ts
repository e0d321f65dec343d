// What the project's own files say: whether the addon is installed, and whether Next.js is told not to bundle it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Finding, ok, problem, skipped, warning } from './finding.js'
import { LINE, NextConfig, OPTION } from './next-config.js'

/** What Next.js writes beside a build, also into a standalone folder. */
const BUILT = join('.next', 'required-server-files.json')

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

/** What a JSON file holds; `undefined` when it cannot be read. */
function readJson(folder: string, name: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8'))
  } catch {
    return undefined
  }
}

/** Whether `folder` is what `output: 'standalone'` makes: a build that runs without next.config. */
export function isStandalone(folder: string): boolean {
  try {
    readFileSync(join(folder, 'server.js'))
  } catch {
    return false
  }
  return readJson(folder, BUILT) !== undefined
}

function dependsOnNext(folder: string): boolean {
  const manifest = readJson(folder, 'package.json') as Record<string, Record<string, unknown>> | undefined
  return Boolean(manifest?.dependencies?.next ?? manifest?.devDependencies?.next)
}

export function checkNext(folder: string): Finding {
  if (isStandalone(folder)) return checkBuild(folder)
  if (!dependsOnNext(folder)) return skipped('next', 'This project does not depend on Next.js.')
  let config: NextConfig | undefined
  try {
    config = NextConfig.read(folder)
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n')
    return warning('next', `next.config cannot be read as code: ${message}`, `Make sure of ${LINE}.`)
  }
  if (config) return checkConfig(config)
  return problem('next', 'There is no next.config, so the addon would be bundled.', `Make one with ${LINE}.`)
}

function checkConfig(config: NextConfig): Finding {
  const { name } = config
  if (config.mention('transpilePackages') === 'listed') {
    return problem('next', `${name} has redlatch in transpilePackages.`, `Remove it there and add ${LINE}.`)
  }
  switch (config.mention(OPTION)) {
    case 'listed':
      return ok('next', `${name} keeps redlatch out of the bundle.`)
    case 'unclear':
      return warning(
        'next',
        `${name} gets ${OPTION} from elsewhere, or makes it while it runs.`,
        `Make sure of ${LINE}.`,
      )
    default:
      return problem('next', `${name} does not have redlatch in ${OPTION}.`, `Add ${LINE}.`)
  }
}

/** In a standalone folder, the configuration is part of the build. */
function checkBuild(folder: string): Finding {
  const { config } = readJson(folder, BUILT) as { config?: { serverExternalPackages?: unknown } }
  const listed = config?.serverExternalPackages
  return Array.isArray(listed) && listed.includes('redlatch')
    ? ok('next', 'This standalone build keeps redlatch out of the bundle.')
    : problem(
        'next',
        `This standalone build does not have redlatch in ${OPTION}.`,
        `Add ${LINE} to next.config and build again.`,
      )
}
