import { describe, expect, test } from '@jest/globals'
import { redisManager } from 'redlatch'
import { healthChecks } from '../support/methods'
import { uniqueKey } from '../support/samples'

const onRedis = process.env.UPSTASH_REDIS_REST_URL !== undefined

describe('healthCheck', () => {
  test('redisManager.healthCheck tells status, time, mode and a sentence, and nothing else', async () => {
    const health = await redisManager.healthCheck()

    expect(health).toStrictEqual({
      status: 'healthy',
      responseTime: expect.any(Number),
      mode: onRedis ? 'redis' : 'in-memory',
      message: expect.stringMatching(/\w+ \w+/),
    })
    expect(health.responseTime).toBeGreaterThanOrEqual(0)
    // More digits than hundredths would be noise.
    expect(health.responseTime).toBe(Number(health.responseTime.toFixed(2)))
  })

  test.each(healthChecks.slice(1))(
    '%s.healthCheck tells status and a sentence, and nothing else',
    async (_, check) => {
      expect(await check()).toStrictEqual({ status: 'healthy', message: expect.stringMatching(/\w+ \w+/) })
    },
  )
})

describe('getCacheStats', () => {
  test('getCacheStats has exactly three fields, which say where values go', async () => {
    await redisManager.set(uniqueKey(), 'value', 60)

    expect(redisManager.getCacheStats()).toStrictEqual({
      isRedisAvailable: onRedis,
      inMemoryCacheSize: expect.any(Number),
      cacheType: onRedis ? 'Redis' : 'In-Memory',
    })
  })

  test('inMemoryCacheSize counts the live entries that only memory holds', async () => {
    // Settings of its own give this test a memory of its own.
    redisManager.configure({ memory: { maxEntries: 4321 } })
    const [kept, deleted, past] = [uniqueKey(), uniqueKey(), uniqueKey()]

    await redisManager.set(kept, 'value', 60)
    await redisManager.set(deleted, 'value', 60)
    await redisManager.del(deleted)
    await redisManager.setWithTimestamp(past, 'value', Date.now() - 1)

    expect(redisManager.getCacheStats().inMemoryCacheSize).toBe(onRedis ? 0 : 1)
    redisManager.configure()
  })
})
