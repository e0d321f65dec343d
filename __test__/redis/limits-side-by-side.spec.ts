import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, jest, test } from '@jest/globals'
import { sharedGateway } from '../support/gateway'

/** With `LIMITS_SEED` and `LIMITS_ROUNDS` in the environment, other and more questions are asked. */
const { LIMITS_SEED = '1', LIMITS_ROUNDS = '40' } = process.env

jest.setTimeout(30_000 + Number(LIMITS_ROUNDS) * 1_000)

const folder = mkdtempSync(join(tmpdir(), 'redlatch-limits-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('what RateLimiter admits, it answers as @upstash/ratelimit does, and both count together', async () => {
  const { url, token } = sharedGateway()
  const file = join(folder, 'clock')
  writeFileSync(file, '1800000000')
  const env = {
    PATH: process.env.PATH ?? '',
    LIMITS_URL: url,
    LIMITS_TOKEN: token,
    LIMITS_SEED,
    LIMITS_ROUNDS,
    LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_FMT: '%s',
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  const program = join(__dirname, '..', 'support', 'limits-side-by-side.mjs')

  const { stdout } = await promisify(execFile)(process.execPath, [program], { env })

  const { admitted, denied } = JSON.parse(stdout)
  expect(Math.min(admitted, denied)).toBeGreaterThan(0)
})
