import { describe, expect, test } from '@jest/globals'
import { sharedGateway } from '../support/gateway'
import { outputOf, runNode } from '../support/run-node'

const { url, token } = sharedGateway()
const onRedis = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }
const stores: [string, Record<string, string>][] = [
  ['memory', {}],
  ['Redis', onRedis],
]

describe('import and require', () => {
  test('an ES module imports the default and the names', async () => {
    const output = await outputOf(
      `import manager, { redisManager, IdempotencyCache, FormCache, CustomerCache } from 'redlatch'
       console.log(manager === redisManager, IdempotencyCache.name, FormCache.name, CustomerCache.name)`,
      {},
      'module',
    )

    expect(output).toBe('true IdempotencyCache FormCache CustomerCache')
  })

  test('an ES module that imports everything gets these names', async () => {
    const source = `import * as all from 'redlatch'; console.log(Object.keys(all).sort().join())`

    expect(await outputOf(source, {}, 'module')).toBe(
      'CustomerCache,FormCache,IdempotencyCache,IdempotencyError,RateLimitCache,RateLimiter,SessionCache,TempDataCache,clientAddress,default,rateLimitHeaders,redisManager,withLock',
    )
  })

  test('import and require give the same objects', async () => {
    const output = await outputOf(
      `import { createRequire } from 'node:module'
       import * as imported from 'redlatch'
       const required = createRequire(process.cwd() + '/')('redlatch')
       console.log(Object.keys(imported).map((name) => imported[name] === required[name]).join())`,
      {},
      'module',
    )

    expect(output).toBe(Array(13).fill('true').join())
  })

  test('require gives the names', async () => {
    const source = `const { redisManager, FormCache, default: manager } = require('redlatch')
      console.log(redisManager === manager, typeof FormCache.set)`

    expect(await outputOf(source)).toBe('true function')
  })

  test('the manifest can be required', async () => {
    expect(await outputOf(`console.log(require('redlatch/package.json').name)`)).toBe('redlatch')
  })
})

describe('the process', () => {
  test.each(stores)(
    'a script that has only required the package exits by itself, set up for %s',
    async (_, env) => {
      expect(await runNode(`require('redlatch')`, env)).toStrictEqual({
        code: 0,
        signal: null,
        stdout: '',
        stderr: '',
      })
    },
  )

  test.each(stores)('a finished script exits by itself after it has used %s', async (_, env) => {
    const output = await outputOf(
      `const { redisManager, FormCache } = require('redlatch')
       const key = 'exit-' + process.pid + Date.now()
       redisManager.set(key, 'value', 60).then(() => redisManager.get(key)).then(async (value) => {
         await redisManager.healthCheck()
         console.log(value, redisManager.getCacheStats().cacheType)
       })`,
      env,
    )

    expect(output).toBe(env === onRedis ? 'value Redis' : 'value In-Memory')
  })

  test.each(stores)('a finished script exits by itself after close on %s', async (_, env) => {
    const source = `const { redisManager } = require('redlatch')
      redisManager.get('k').then(() => redisManager.close()).then(() => console.log('closed'))`

    expect(await outputOf(source, env)).toBe('closed')
  })

  test.each(stores)('a pending call keeps the process alive until it is answered by %s', async (_, env) => {
    const source = `const { redisManager } = require('redlatch')
      process.on('exit', () => console.log('exit'))
      redisManager.healthCheck().then(({ mode }) => console.log(mode))`

    expect(await outputOf(source, env)).toBe(`${env === onRedis ? 'redis' : 'in-memory'}\nexit`)
  })

  test('an unhandled rejection shows the caller and ends the process like any other', async () => {
    const { code, stderr } =
      await runNode(`async function caller() { await require('redlatch').redisManager.get('') }
      caller()`)

    expect(code).toBe(1)
    expect(stderr).toContain("code: 'ERR_INVALID_ARG_VALUE'")
    expect(stderr).toContain('at caller')
  })

  test('process.exit in the middle of calls ends the process at once', async () => {
    const source = `const { redisManager } = require('redlatch')
      for (let call = 0; call < 1000; call += 1) redisManager.set('exit-' + call, 'value', 60)
      setImmediate(() => process.exit(7))`

    expect(await runNode(source, onRedis)).toStrictEqual({ code: 7, signal: null, stdout: '', stderr: '' })
  })
})

const onLinux = process.platform === 'linux' ? describe : describe.skip

onLinux('threads', () => {
  const helpers = `const fs = require('node:fs')
    const threads = () => fs.readdirSync('/proc/self/task').flatMap((id) => {
      try { return [fs.readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim()] } catch { return [] }
    })
    const io = () => threads().filter((name) => name === 'redlatch-io').length
    const until = async (holds) => { while (!holds()) await new Promise((go) => setTimeout(go, 5)) }
  `

  test.each(stores)('require and configure start no thread, set up for %s', async (_, env) => {
    const output = await outputOf(
      `${helpers}
       const before = threads().length
       const { redisManager } = require('redlatch')
       redisManager.configure({ timeoutMs: 1000 })
       redisManager.getCacheStats()
       console.log(threads().length - before)`,
      env,
    )

    expect(output).toBe('0')
  })

  test('calls on memory start no thread', async () => {
    const output = await outputOf(
      `${helpers}
       const { redisManager } = require('redlatch')
       const before = threads().length
       Promise.all([redisManager.set('k', 'v'), redisManager.get('k'), redisManager.healthCheck()])
         .then(() => console.log(threads().length - before))`,
    )

    expect(output).toBe('0')
  })

  test('Redis takes one thread, which close ends and the next call starts anew', async () => {
    const output = await outputOf(
      `${helpers}
       const { redisManager } = require('redlatch')
       const counts = []
       const main = async () => {
         counts.push(io())
         await Promise.all(Array.from({ length: 100 }, (_, index) => redisManager.get('k' + index)))
         counts.push(io())
         await redisManager.close()
         await until(() => io() === 0)
         counts.push(io())
         await redisManager.get('k')
         counts.push(io())
         console.log(counts.join())
       }
       main()`,
      onRedis,
    )

    expect(output).toBe('0,1,0,1')
  })
})
