import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** The environment without what a developer may have set for the package. */
export function plainEnvironment() {
  const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, STRIPE_SECRET_KEY, NODE_TEST_CONTEXT, ...rest } =
    process.env
  return { ...rest, NEXT_TELEMETRY_DISABLED: '1' }
}

/** How a command ended in `cwd`, with all that it has printed. `environment` is added to the plain one. */
export async function ended(command, args, cwd, environment = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...plainEnvironment(), ...environment },
    // Windows has npm and npx as scripts of its shell, which would take the text of a program apart.
    shell: process.platform === 'win32' && command !== 'node',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, stdout, stderr }
}
