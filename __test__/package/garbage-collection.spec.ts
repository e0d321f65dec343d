import { expect, test } from '@jest/globals'
import { startGateway } from '../support/gateway'
import { outputOf } from '../support/run-node'

test('a pending call settles, though nobody holds the module any more', async () => {
  const gateway = await startGateway()
  // Long enough for several collections while the call is pending.
  await gateway.setFault({ fault: 'latency', ms: 500 })
  const source = `
    require('node:v8').setFlagsFromString('--expose-gc')
    const collect = require('node:vm').runInNewContext('gc')
    const call = () => {
      const pending = require('redlatch').redisManager.get('any')
      for (const file of Object.keys(require.cache)) if (!file.endsWith('.node')) delete require.cache[file]
      module.children.length = 0
      return pending
    }
    let isSettled = false
    call().then((value) => { isSettled = true; console.log(value) })
    const collectUntilSettled = () => {
      collect()
      if (!isSettled) setTimeout(collectUntilSettled, 10)
    }
    collectUntilSettled()`

  const output = await outputOf(source, {
    UPSTASH_REDIS_REST_URL: gateway.url,
    UPSTASH_REDIS_REST_TOKEN: gateway.token,
  })

  await gateway.stop()
  expect(output).toBe('null')
})
