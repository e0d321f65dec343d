import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Gateway, startGateway } from '../support/gateway'
import { runNode } from '../support/run-node'
import { uniqueKey } from '../support/samples'

let gateway: Gateway

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
const info = jest.spyOn(console, 'info').mockImplementation(() => undefined)

beforeAll(async () => {
  gateway = await startGateway()
})

afterEach(async () => {
  await gateway.clearFaults()
  await redisManager.close()
  redisManager.configure()
  warn.mockClear()
})

afterAll(async () => {
  warn.mockRestore()
  info.mockRestore()
  await gateway.stop()
})

/** What Redis holds, without this package. */
async function inRedis(key: string): Promise<unknown> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}` },
    body: JSON.stringify(['GET', key]),
  })
  return ((await response.json()) as { result: unknown }).result
}

/** A key whose value only this process has, as Redis was not there. */
async function writtenInOutage(): Promise<string> {
  const key = uniqueKey()
  redisManager.configure({ url: gateway.url, token: gateway.token, timeoutMs: 500 })
  await gateway.setFault({ fault: 'refuse' })
  await redisManager.set(key, 'value', 60)
  expect(redisManager.getMetrics().pendingWrites).toBe(1)
  return key
}

describe('writes of an outage', () => {
  test('are replayed before close resolves', async () => {
    const key = await writtenInOutage()
    await gateway.clearFaults()

    await redisManager.close()

    expect(await inRedis(key)).toBe('value')
  })

  test('are told with their number when close cannot replay them', async () => {
    await writtenInOutage()

    await redisManager.close()

    expect(warn).toHaveBeenLastCalledWith(expect.stringMatching(/^redlatch: .* are lost, .*: 1\.$/))
  })

  test('are replayed after configure has named other settings', async () => {
    const key = await writtenInOutage()

    redisManager.configure({ disableRedis: true })
    await redisManager.get(key)
    await gateway.clearFaults()

    await eventually(async () => (await inRedis(key)) === 'value')
  })

  test('of a worker are replayed after its end', async () => {
    const key = uniqueKey()
    const outage = `await fetch('${gateway.controlUrl}/faults', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"fault":"refuse"}' })`
    const worker = `
      const { redisManager } = require('redlatch')
      const main = async () => { ${outage}; await redisManager.set('${key}', 'value', 60) }
      main()`
    const program = `
      const { Worker } = require('node:worker_threads')
      const { once } = require('node:events')
      const main = async () => {
        await once(new Worker(${JSON.stringify(worker)}, { eval: true }), 'exit')
        await fetch('${gateway.controlUrl}/faults', { method: 'DELETE' })
        const get = () => fetch('${gateway.url}', { method: 'POST',
          headers: { authorization: 'Bearer ${gateway.token}' }, body: '["GET","${key}"]' })
        for (;;) {
          const { result } = await (await get()).json()
          if (result) return console.log(result)
        }
      }
      main()`
    const environment = { UPSTASH_REDIS_REST_URL: gateway.url, UPSTASH_REDIS_REST_TOKEN: gateway.token }

    const { code, stdout } = await runNode(program, environment)

    expect({ code, stdout }).toStrictEqual({ code: 0, stdout: 'value\n' })
  })
})
