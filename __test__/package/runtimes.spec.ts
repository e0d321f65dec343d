import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Gateway, startGateway } from '../support/gateway'

const root = join(__dirname, '..', '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const program = join(root, '__test__', 'support', 'runtime-calls.mjs')

const runtimes: [name: string, command: string, args: string[]][] = [
  ['Node', process.execPath, []],
  ['Bun', bin('bun'), []],
  ['Deno', bin('deno'), ['run', '--allow-all', '--no-lock']],
]

/** What every runtime is to get, on memory as on Redis. */
const answers = {
  claims: [true, false],
  result: { url: '/' },
  customerId: 'cus_1',
  refused: ['RangeError', 'ERR_INVALID_ARG_VALUE'],
}

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway()
})

afterAll(() => gateway.stop())

/** Runs the calls. A program that does not end by itself is killed, which shows as a status of null. */
function run(command: string, args: string[], env: Record<string, string>) {
  const { status, stdout } = spawnSync(command, [...args, program], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  return { status, ...JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') }
}

describe.each(runtimes)('%s', (_, command, args) => {
  test('import and require give the same caches, which work on memory, and the process ends', () => {
    expect(run(command, args, { DISABLE_REDIS: 'true' })).toStrictEqual({
      status: 0,
      isSame: [true, true, true],
      before: { ...answers, cacheType: 'In-Memory' },
      during: null,
    })
  })

  test('the caches work on Redis, memory takes over in an outage, and the process ends', () => {
    const ended = run(command, args, {
      UPSTASH_REDIS_REST_URL: gateway.url,
      UPSTASH_REDIS_REST_TOKEN: gateway.token,
      REDLATCH_CONTROL_URL: gateway.controlUrl,
    })

    expect(ended).toStrictEqual({
      status: 0,
      isSame: [true, true, true],
      before: { ...answers, cacheType: 'Redis' },
      during: { ...answers, cacheType: 'In-Memory' },
    })
  })
})
