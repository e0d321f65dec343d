// Fuzzes the replies of a server: a hostile HTTP server answers a client process with what no server should send. The
// client checks that every call settles in time, that nothing crashes, that memory stays bounded and that no text holds a
// secret; in the end the server behaves, and the client must recover. Options: --seconds (60), --seed. Ends with status 1
// if a promise was broken. The addon has to be built: `npm run fuzz` does that.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { cleanEnvironment } from '../bench/processes.mjs'
import { Random } from '../chaos/random.mjs'
import { HostileServer } from './server.mjs'

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } })
const seconds = Number(values.seconds ?? 60)
const seed = Number(values.seed ?? Date.now() % 2 ** 32)
console.log(`seed ${seed}, ${seconds} s`)

const server = await HostileServer.start(new Random(seed))
const program = fileURLToPath(new URL('client.mjs', import.meta.url))
const client = fork(program, [server.url, String(seed)], {
  env: cleanEnvironment(),
  execArgv: ['--expose-gc'],
})
const exited = once(client, 'exit')
const messages = []
client.on('message', (message) => messages.push(message))

setTimeout(() => {
  server.behave()
  client.send('behave')
}, seconds * 1000)
const [code, signal] = await exited
server.stop()

const problems = messages.flatMap(({ problem }) => problem ?? [])
if (code !== 0) problems.push(`the client ended with ${signal ?? code}`)
for (const { figures } of messages) if (figures) console.log(figures)
console.log('replies', server.sent)
for (const problem of [...new Set(problems)].slice(0, 20)) console.log(`Broken: ${problem}`)
console.log(`${problems.length} problems`)
console.log(`seed ${seed}, ${seconds} s`)
process.exitCode = problems.length === 0 ? 0 : 1
