// On what and with what was measured.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

import { root } from '../scripts/setup.mjs'
import { MODULES } from './plan.mjs'

/** Pairs of what and which. */
export function machine() {
  const processors = cpus()
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['commit', commit()],
    ['processor', `${processors.length} x ${processors[0].model}`],
    ['memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['system', `${type()} ${release()}, ${process.arch}`],
    ['Node', process.version],
    ['Redis', firstMatch('redis-server', ['--version'], /v=(\S+)/)],
    ['wrk', firstMatch('wrk', ['-v'], /wrk (\S+)/)],
    ...packages().map((name) => [name, version(name)]),
  ]
}

const packages = () => [...Object.keys(MODULES).filter((name) => name !== 'redlatch'), 'lru-cache']

function version(name) {
  // Not through `require`: most packages do not export their manifest.
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim()
  const hash = git('rev-parse', '--short', 'HEAD')
  if (!hash) return 'unknown'
  return git('status', '--porcelain', '--untracked-files=no') ? `${hash}, with changes` : hash
}

function firstMatch(program, args, pattern) {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return `${stdout}${stderr}`.match(pattern)?.[1] ?? 'not there'
}
