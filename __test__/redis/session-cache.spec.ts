import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Redis as Direct } from 'ioredis'
import { redisManager, type SessionCache } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Gateway, startGateway } from '../support/gateway'
import { type Data, uniqueSessions, uniqueUser } from '../support/sessions'

const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
const info = jest.spyOn(console, 'info').mockImplementation(() => undefined)

describe.each(['upstash', 'redis'])('sessions on a gateway in mode %s', (mode) => {
  let gateway: Gateway
  let redis: Direct
  let sessions: SessionCache<Data>

  beforeAll(async () => {
    gateway = await startGateway(['--mode', mode])
    redis = new Direct(gateway.redisUrl)
    await anew()
    // Has Redis and this process know what the endpoint has, scripts included.
    const { id } = await uniqueSessions().create({ userId: 'u' })
    await uniqueSessions().update(id, { n: 1 })
    const known = uniqueSessions()
    await known.update((await known.create({ userId: 'u' })).id, { n: 1 })
  })

  beforeEach(() => {
    sessions = uniqueSessions()
  })

  afterAll(async () => {
    redis.disconnect()
    await redisManager.close()
    redisManager.configure()
    await gateway.stop()
  })

  /** Forgets what this process knows of Redis, as another process would not know it. */
  const anew = async (options: object = {}) => {
    await redisManager.close()
    redisManager.configure({ url: gateway.url, token: gateway.token, ...options })
  }

  /** The requests and the commands that `work` takes. */
  const costOf = async (work: () => Promise<unknown>) => {
    const before = await gateway.counters()
    await work()
    const after = await gateway.counters()
    return {
      requests: after.requests - before.requests,
      commands: after.commands.total - before.commands.total,
    }
  }
  const one = { requests: 1, commands: 1 }

  /** Until Redis is reached again and has all that was written meanwhile. */
  const recovered = async () => {
    await gateway.clearFaults()
    await eventually(() => redisManager.getCacheStats().isRedisAvailable)
    expect(await redisManager.drain()).toBe(0)
  }

  test('get, update, touch, destroy and destroyAll are one request and one command', async () => {
    const userId = uniqueUser()
    const { id } = await sessions.create({ userId })

    expect(await costOf(() => sessions.get(id))).toStrictEqual(one)
    expect(await costOf(() => sessions.update(id, { n: 1 }))).toStrictEqual(one)
    expect(await costOf(() => sessions.update(id, (data) => ({ ...data, n: 2 })))).toStrictEqual(one)
    expect(await costOf(() => sessions.touch(id))).toStrictEqual({ requests: 0, commands: 0 })
    expect(await costOf(() => sessions.destroyAll(userId))).toStrictEqual(one)
    expect(await costOf(() => sessions.destroy(id))).toStrictEqual(one)
    expect(await costOf(() => sessions.create({ userId: uniqueUser() }))).toStrictEqual({
      requests: 2,
      commands: 2,
    })
  })

  test('a process touches a session once it has seen it, and then once in a while', async () => {
    const { id } = await sessions.create({ userId: uniqueUser() })
    await anew()

    const first = () => Promise.all([sessions.get(id), sessions.get(id)])
    expect(await costOf(first)).toStrictEqual({ requests: 2, commands: 3 })
    expect(await costOf(() => Promise.all([sessions.get(id), sessions.touch(id)]))).toStrictEqual(one)
    await anew()
    expect(await costOf(() => sessions.get(id, { touch: false }))).toStrictEqual(one)
    expect(await costOf(() => sessions.get(id))).toStrictEqual({ requests: 1, commands: 2 })
    await anew()
    expect(await costOf(() => sessions.touch(id))).toStrictEqual(one)
  })

  test('a cookie that is made up, or whose session has ended, costs one command', async () => {
    const { id } = await sessions.create({ userId: uniqueUser() })
    const [, suffix] = id.split('.')
    await sessions.destroy(id)

    for (const none of [id, `made-up.${suffix}`, 'made-up']) {
      expect(await costOf(() => sessions.get(none))).toStrictEqual(one)
    }
    expect(await Promise.all([sessions.touch('none'), sessions.touch('none')])).toStrictEqual([false, false])
  })

  test.each([
    ['returns null', (): Data | null => null],
    [
      'throws',
      (): Data | null => {
        throw new Error('no credit')
      },
    ],
  ])('a function that %s on outdated data gets the present data', async (_, refuse) => {
    const prefix = `outdated-${mode}:`
    const cache = uniqueSessions({ prefix })
    const { id } = await cache.create({ userId: uniqueUser(), n: 1 })
    const key = (await redis.keys(`${prefix}*`))[0] ?? ''
    const seen: unknown[] = []
    const spend = ({ n = 0, ...data }: Data) => {
      seen.push(n)
      return n < 5 ? refuse() : { ...data, n: n - 5 }
    }

    await redis.set(key, ((await redis.get(key)) ?? '').replace('"n":1', '"n":7'), 'KEEPTTL')
    expect(await cache.update(id, spend)).toMatchObject({ n: 2 })
    expect(await costOf(() => cache.update(id, spend).catch(() => null))).toStrictEqual(one)
    expect(seen).toStrictEqual([1, 7, 2])

    await redis.del(key)
    expect(await cache.update(id, spend)).toBeNull()
  })

  test('a touch begins the idle time anew, and not beyond the absolute end', async () => {
    const prefix = `touched-${mode}:`
    const ttl = async () => Number(await redis.ttl((await redis.keys(`${prefix}*`))[0] ?? ''))
    const { id } = await uniqueSessions({ prefix, idleSeconds: 100, absoluteSeconds: 150 }).create({
      userId: 'u',
    })
    await redis.expire((await redis.keys(`${prefix}*`))[0] ?? '', 20)
    await anew()

    expect(await uniqueSessions({ prefix, idleSeconds: 100, absoluteSeconds: 150 }).touch(id)).toBe(true)
    expect(await ttl()).toBeGreaterThan(90)
    await anew()
    const short = uniqueSessions({ prefix, idleSeconds: 100, absoluteSeconds: 60 })
    await short.get(id, { touch: false })
    await short.get(id)
    expect(await ttl()).toBeLessThanOrEqual(60)
  })

  test('a consistent cache reads by a command that the primary answers', async () => {
    const consistent = uniqueSessions({ consistent: true })
    const { id, session } = await consistent.create({ userId: uniqueUser() })
    const before = (await gateway.counters()).commands.byName.GETEX ?? 0

    expect(await consistent.get(id)).toStrictEqual(session)

    expect(((await gateway.counters()).commands.byName.GETEX ?? 0) - before).toBe(2)
  })

  test('no id is in Redis, neither in a key nor in a value', async () => {
    const userId = uniqueUser()
    const listed = uniqueSessions({ index: true })
    const { id } = await listed.create({ userId })
    const moved = (await listed.rotate((await listed.create({ userId })).id)) ?? ''
    await listed.update(moved, { n: 1 })
    await listed.destroyAll(userId, { except: moved })

    const keys = await redis.keys('*')
    const dump = [...keys, ...(await redis.mget(keys))].join('\n')

    expect(await listed.get(moved)).not.toBeNull()
    for (const secret of [id, moved].map((one) => one.split('.')[0] ?? '?')) {
      expect(dump).not.toContain(secret)
    }
  })

  test('of thirty sign-ins and moves at the same time, all are in the list of devices', async () => {
    const listed = uniqueSessions({ index: true })
    const userId = uniqueUser()

    const made = await Promise.all(Array.from({ length: 30 }, (_, n) => listed.create({ userId, n })))
    const moved = await Promise.all(made.map(({ id }) => listed.rotate(id)))

    const names = (await listed.list(userId)).map(({ n }) => n)
    expect(moved).not.toContain(null)
    expect(names.sort()).toStrictEqual(made.map((_, n) => n).sort())
  })

  test('a list that cannot be changed fails no sign-in, and is counted', async () => {
    const listed = uniqueSessions({ index: true })
    const { id } = await listed.create({ userId: uniqueUser() })
    const [, tag] = id.split('.')
    const { unlistedSessions } = redisManager.getMetrics()
    await redis.del(`session-index:${tag}`)
    await redis.rpush(`session-index:${tag}`, 'no string')

    const newId = await listed.rotate(id)

    expect(await listed.get(newId ?? '')).not.toBeNull()
    expect(redisManager.getMetrics().unlistedSessions).toBe(unlistedSessions + 1)
    expect(warn).toHaveBeenLastCalledWith(expect.stringContaining('missing in the list of its user'))
  })

  test('an outage answers from what this process knew, and its changes and revocations reach Redis', async () => {
    const [userId, revoked] = [uniqueUser(), uniqueUser()]
    const ids: string[] = []
    for (const user of [userId, userId, revoked]) ids.push((await sessions.create({ userId: user })).id)
    const [changed = '', destroyed = '', third = ''] = ids
    await gateway.setFault({ fault: 'refuse' })

    expect(await sessions.update(changed, { n: 1 })).toMatchObject({ n: 1 })
    expect(await sessions.get(changed)).toMatchObject({ n: 1 })
    await sessions.destroy(destroyed)
    await sessions.destroyAll(revoked)
    const made = await sessions.create({ userId })
    expect(await sessions.get(destroyed)).toBeNull()
    expect(await sessions.get(third)).toBeNull()
    await recovered()

    await anew()
    expect(await sessions.get(changed)).toMatchObject({ userId, n: 1 })
    expect(await sessions.get(destroyed)).toBeNull()
    expect(await sessions.get(third)).toBeNull()
    expect(await sessions.get(made.id)).toStrictEqual(made.session)
  })

  test('an update of an outage does not bring back what another instance has destroyed meanwhile', async () => {
    const prefix = `outage-${mode}:`
    const { id } = await uniqueSessions({ prefix }).create({ userId: uniqueUser() })
    await gateway.setFault({ fault: 'refuse' })
    expect(await uniqueSessions({ prefix }).update(id, { n: 1 })).toMatchObject({ n: 1 })
    await redis.del(await redis.keys(`${prefix}*`))
    await recovered()

    expect(await redis.keys(`${prefix}*`)).toStrictEqual([])
    expect(await uniqueSessions({ prefix }).get(id)).toBeNull()
  })

  test('with reject, an outage lets nobody in', async () => {
    const { id, session } = await sessions.create({ userId: uniqueUser() })
    await anew({ onOutage: { session: 'reject' } })
    await gateway.setFault({ fault: 'refuse' })

    await expect(sessions.get(id)).rejects.toMatchObject({ code: 'ERR_REDIS_UNAVAILABLE' })
    await expect(sessions.destroy(id)).rejects.toMatchObject({ code: 'ERR_REDIS_UNAVAILABLE' })
    await recovered()
    expect(await sessions.get(id)).toStrictEqual(session)
    await anew()
  })

  test.each(['drop', 'executeThenDrop'])(
    'a logout and a change stand when their replies are lost by %s',
    async (fault) => {
      const { id } = await sessions.create({ userId: uniqueUser(), n: 0 })
      const increment = (data: Data) => ({ ...data, n: (data.n ?? 0) + 1 })

      await gateway.setFault({ fault, requests: 1 })
      expect(await sessions.update(id, increment)).toMatchObject({ n: 1 })
      await gateway.setFault({ fault, requests: 1 })
      await sessions.destroy(id)
      await gateway.clearFaults()

      await anew()
      expect(await sessions.get(id)).toBeNull()
    },
  )
})

afterAll(() => {
  warn.mockRestore()
  info.mockRestore()
})
