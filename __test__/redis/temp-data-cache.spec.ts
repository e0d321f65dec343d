import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Redis } from '@upstash/redis'
import { type RedlatchOptions, redisManager, TempDataCache } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Gateway, startGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

const absent = { ok: false, reason: 'absent', attemptsLeft: 0 }
const unavailable = { code: 'ERR_REDIS_UNAVAILABLE' }

describe.each(['upstash', 'redis'])('on Redis, in the mode %s', (mode) => {
  let gateway: Gateway
  let official: Redis

  const configure = (options: RedlatchOptions = {}) =>
    redisManager.configure({ url: gateway.url, token: gateway.token, ...options })

  beforeAll(async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    jest.spyOn(console, 'info').mockImplementation(() => undefined)
    gateway = await startGateway(['--mode', mode])
    official = new Redis({ url: gateway.url, token: gateway.token, automaticDeserialization: false })
  })

  beforeEach(() => configure())

  afterEach(async () => {
    await gateway.clearFaults()
    await redisManager.close()
  })

  afterAll(async () => {
    jest.restoreAllMocks()
    redisManager.configure()
    await gateway.stop()
  })

  async function beginOutage() {
    await gateway.setFault({ fault: 'refuse' })
    await redisManager.exists(uniqueKey())
    expect(redisManager.getCacheStats().isRedisAvailable).toBe(false)
  }

  async function endOutage() {
    await gateway.clearFaults()
    await eventually(() => redisManager.getCacheStats().isRedisAvailable)
    expect(await redisManager.drain()).toBe(0)
  }

  test('data lives for 900 seconds by default, and a code for 600', async () => {
    const id = uniqueKey()
    await TempDataCache.put('data', id, {})
    await TempDataCache.createCode('code', id)
    const left = async (key: string) => Math.ceil((await official.pttl(key)) / 10_000)

    expect([await left(`temp:data:${id}`), await left(`temp:code:${id}`)]).toStrictEqual([90, 60])
  })

  test('neither a token nor a code is ever sent to Redis', async () => {
    const { hostname, port } = new URL(gateway.redisUrl)
    const monitor = connect(Number(port), hostname)
    let sent = ''
    monitor.on('data', (chunk) => {
      sent += chunk
    })
    await once(monitor, 'connect')
    monitor.write('MONITOR\r\n')
    await eventually(() => sent.startsWith('+OK'))

    const token = await TempDataCache.createToken('login', { n: 1 })
    const id = uniqueKey()
    const code = await TempDataCache.createCode('login', id, {}, { digits: 12 })
    const dump = JSON.stringify([await official.keys('*'), await official.mget(await official.keys('*'))])
    await TempDataCache.peek('login', token)
    await TempDataCache.verifyCode('login', id, code)
    await TempDataCache.take('login', token)
    await official.get('the last command')
    await eventually(() => sent.includes('the last command'))
    monitor.destroy()

    const hash = createHash('sha256').update(token).digest('base64url')
    for (const text of [sent, dump]) {
      expect(text).toContain(`temp:login:${hash}`)
      expect(text).toContain(`temp:login:${id}`)
      expect(text).not.toContain(token)
      expect(text).not.toContain(code)
    }
    // What stands there does not work as a token.
    await TempDataCache.put('login', token, { n: 2 })
    expect(await TempDataCache.take('login', hash)).toBeNull()
  })

  test('of a code, Redis gets the attempts, an HMAC-SHA-256 and the data', async () => {
    const id = uniqueKey()
    const key = `temp:login:${id}`
    for (const secret of [undefined, 'a secret']) {
      const code = await TempDataCache.createCode('login', id, { n: 1 }, { secret, attempts: 7 })

      const length = Buffer.alloc(8)
      length.writeBigUInt64BE(BigInt(key.length))
      const hash = createHmac('sha256', secret ?? '')
        .update(length)
        .update(key)
        .update(code)
        .digest('base64url')
      expect(await official.get(key)).toBe(`7|${hash}|{"n":1}`)
    }
  })

  test('a wrong guess does not prolong the code', async () => {
    const id = uniqueKey()
    await TempDataCache.createCode('login', id)
    await official.pexpire(`temp:login:${id}`, 30_000)

    expect(await TempDataCache.verifyCode('login', id, 'wrong')).toMatchObject({ attemptsLeft: 4 })

    const left = await official.pttl(`temp:login:${id}`)
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(30_000)
  })

  describe('when a reply is lost', () => {
    test.each(['executeThenDrop', 'reset', 'truncate'])(
      'by %s, take and verifyCode reject, and nothing is given a second time',
      async (fault) => {
        const id = uniqueKey()
        const token = await TempDataCache.createToken('login', { n: 1 })
        const code = await TempDataCache.createCode('login', id)
        // Has Redis know the script, so that the request which is lost runs it.
        await TempDataCache.verifyCode('login', 'none', code)

        await gateway.setFault({ fault, requests: 1 })
        await expect(TempDataCache.take('login', token)).rejects.toMatchObject(unavailable)
        await gateway.setFault({ fault, requests: 1 })
        await expect(TempDataCache.verifyCode('login', id, code)).rejects.toMatchObject({
          ...unavailable,
          message: expect.stringContaining('try again'),
        })

        expect(await TempDataCache.take('login', token)).toBeNull()
        expect(await TempDataCache.verifyCode('login', id, code)).toStrictEqual(absent)
        expect(redisManager.getMetrics().pendingWrites).toBe(0)
      },
    )

    test('before it was executed, take succeeds, and a guess is not counted', async () => {
      const id = uniqueKey()
      const token = await TempDataCache.createToken('login', { n: 1 })
      const code = await TempDataCache.createCode('login', id)

      await gateway.setFault({ fault: 'drop', requests: 1 })
      expect(await TempDataCache.take('login', token)).toStrictEqual({ n: 1 })
      await gateway.setFault({ fault: 'drop', requests: 1 })
      await expect(TempDataCache.verifyCode('login', id, 'wrong')).rejects.toMatchObject(unavailable)

      expect(await TempDataCache.verifyCode('login', id, 'wrong')).toMatchObject({ attemptsLeft: 4 })
      expect(await TempDataCache.verifyCode('login', id, code)).toMatchObject({ ok: true })
    })

    test('a token whose storing lost its reply works', async () => {
      for (const fault of ['drop', 'executeThenDrop']) {
        await gateway.setFault({ fault, requests: 1 })
        const token = await TempDataCache.createToken('login', { n: 1 })

        expect(await TempDataCache.take('login', token)).toStrictEqual({ n: 1 })
      }
    })
  })

  describe('during an outage', () => {
    test('a take is made up for in Redis afterwards, and so is a guess', async () => {
      const [id, guessed] = [uniqueKey(), uniqueKey()]
      const token = await TempDataCache.createToken('login', { n: 1 })
      const code = await TempDataCache.createCode('login', id)
      await TempDataCache.createCode('login', guessed)

      await beginOutage()
      expect(await TempDataCache.take('login', token)).toStrictEqual({ n: 1 })
      expect(await TempDataCache.take('login', token)).toBeNull()
      expect(await TempDataCache.verifyCode('login', id, code)).toMatchObject({ ok: true })
      expect(await TempDataCache.verifyCode('login', guessed, 'wrong')).toMatchObject({ attemptsLeft: 4 })
      const made = await TempDataCache.createToken('login', { n: 2 })
      await endOutage()

      const keys = await official.keys('temp:login:*')
      expect(keys).not.toContain(`temp:login:${createHash('sha256').update(token).digest('base64url')}`)
      expect(keys).not.toContain(`temp:login:${id}`)
      expect(await official.get(`temp:login:${guessed}`)).toMatch(/^4\|/)
      expect(await TempDataCache.take('login', made)).toStrictEqual({ n: 2 })
    })

    test('with onOutage reject, every call rejects, and the link works afterwards', async () => {
      configure({ onOutage: { temp: 'reject' } })
      const token = await TempDataCache.createToken('login', { n: 1 })

      await beginOutage()
      const calls = [
        TempDataCache.take('login', token),
        TempDataCache.peek('login', token),
        TempDataCache.createToken('login', {}),
        TempDataCache.createCode('login', 'id'),
        TempDataCache.verifyCode('login', 'id', '000000'),
      ]
      for (const call of calls) await expect(call).rejects.toMatchObject(unavailable)
      await endOutage()

      expect(await TempDataCache.take('login', token)).toStrictEqual({ n: 1 })
    })
  })
})
