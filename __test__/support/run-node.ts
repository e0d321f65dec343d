import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const root = join(__dirname, '..', '..')

/** How a child process ended. */
export interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/**
 * Runs `source` in a Node of its own, where `redlatch` is this package, with no more environment than is given. It has
 * to exit by itself: after 20 seconds it is killed, which shows as a signal.
 */
export async function runNode(
  source: string,
  env: Record<string, string> = {},
  type: 'commonjs' | 'module' = 'commonjs',
): Promise<Ended> {
  const child = spawn(process.execPath, [`--input-type=${type}`, '--eval', source], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, signal, stdout, stderr }
}

/** What a script has printed that ended well and had nothing to complain of. */
export async function outputOf(...args: Parameters<typeof runNode>): Promise<string> {
  const { stdout, ...ended } = await runNode(...args)
  if (ended.code !== 0 || ended.stderr !== '') throw new Error(JSON.stringify({ ...ended, stdout }))
  return stdout.trim()
}
