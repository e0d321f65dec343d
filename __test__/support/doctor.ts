import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** What a check of the doctor has found. */
export interface Finding {
  check: string
  status: 'ok' | 'warning' | 'problem' | 'skipped'
  message: string
  remedy?: string
}

export const program = join(__dirname, '..', '..', 'dist', 'doctor', 'cli.js')

/** Runs `npx redlatch` in a folder, with no more environment than is given, and `input` typed in. */
export async function runRedlatch(
  folder: string,
  options: string[],
  env: Record<string, string> = {},
  { input = '', nodeOptions = [] as string[] } = {},
) {
  const child = spawn(process.execPath, [...nodeOptions, program, ...options], { cwd: folder, env })
  // A program that asks nothing can have ended before it is read.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, stdout, stderr }
}
