// A child process that does one thing at a time when asked.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { cleanEnvironment } from './environment.mjs'

/** Starts `module`, which answers `{ action, input }` with `{ output }` or `{ error }`. */
export function startChild(module, environment = {}) {
  const path = fileURLToPath(new URL(module, import.meta.url))
  const child = fork(path, { serialization: 'advanced', env: cleanEnvironment(environment) })
  const exited = once(child, 'exit')
  const ask = async (action, input) => {
    child.send({ action, input })
    const [answer] = await Promise.race([
      once(child, 'message'),
      exited.then(([code, signal]) => [{ error: `${module} ended with ${signal ?? code}` }]),
    ])
    if (answer.error) throw new Error(answer.error)
    return answer.output
  }
  const stop = async () => {
    child.kill()
    await exited
  }
  return { ask, stop }
}
