// A fresh process that requires one package, once, and makes one GET. CommonJS, because `require` is what is measured.

const { existsSync, readdirSync } = require('node:fs')

const TASKS = '/proc/self/task'
// Where the system does not tell, it is not a number, in the tables neither.
const threads = () => (existsSync(TASKS) ? readdirSync(TASKS).length : Number.NaN)
const residentMb = () => process.memoryUsage.rss() / 2 ** 20

const firstGets = {
  redlatch: ({ redisManager }, { url, token }) => {
    redisManager.configure({ url, token })
    return redisManager.get('bench-start')
  },
  '@upstash/redis': ({ Redis }, { url, token }) => new Redis({ url, token }).get('bench-start'),
}

process.once('message', async ({ input: { name, address } }) => {
  const before = { threads: threads(), residentMb: residentMb() }
  const started = performance.now()
  const loaded = require(name)
  const required = performance.now()
  const after = { threads: threads(), residentMb: residentMb() }
  const beforeGet = performance.now()
  await firstGets[name](loaded, address)
  const answered = performance.now()
  process.send({
    output: {
      requireMs: required - started,
      residentMb: after.residentMb,
      addedMb: after.residentMb - before.residentMb,
      addedThreads: after.threads - before.threads,
      // What was done in between to look at threads and memory is not the package's.
      firstGetMs: required - started + answered - beforeGet,
    },
  })
  process.disconnect()
  process.exit()
})
