import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** A worker thread that runs `source` with the package and `name` at hand. */
export function startWorker(source, name) {
  const given = `
    const { parentPort, workerData: name } = require('node:worker_threads')
    const { FormCache, redisManager } = require('redlatch')`
  return new Worker(`${given}\n${source}`, { eval: true, workerData: name })
}

/** What a worker thread posts and its exit code, once it has ended by itself. */
export async function ended(worker) {
  const [[message], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  return [message, code]
}
