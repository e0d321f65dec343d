import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Redis } from '@upstash/redis'
import { redisManager } from 'redlatch'
import { eventually } from '../support/eventually'
import { type Gateway, sharedGateway, startGateway } from '../support/gateway'
import { uniqueKey } from '../support/samples'

type Subscriber = ReturnType<typeof official.subscribe<unknown>>

const { url, token } = sharedGateway()
const official = new Redis({ url, token, enableTelemetry: false })

/** The official client prints why a stream ends. Under Jest it does not recognize its own abort, so that is left out. */
const error = jest.spyOn(console, 'error').mockImplementation(() => undefined)
const brokenStreams = () =>
  error.mock.calls.filter(
    ([text, reason]) => text === 'Stream reading error:' && reason.name !== 'AbortError',
  )

const open: Subscriber[] = []

/** Resolves once the subscription is confirmed, to its messages in the order they come. */
async function received(subscriber: Subscriber, kind: 'subscribe' | 'psubscribe') {
  open.push(subscriber)
  const messages: unknown[] = []
  subscriber.on(kind === 'subscribe' ? 'message' : 'pmessage', (message) => messages.push(message))
  const count = await new Promise<number>((resolve, reject) => {
    subscriber.on(kind, resolve)
    subscriber.on('error', reject)
  })
  expect(count).toBe(1)
  return messages
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((subscriber) => subscriber.unsubscribe()))
  error.mockClear()
})

describe('the official client', () => {
  test('receives what is published to a channel', async () => {
    const channel = uniqueKey()
    const messages = await received(official.subscribe(channel), 'subscribe')

    const sent = ['text, with a comma', { deep: ['é😀'] }, 42]
    for (const message of sent) expect(await official.publish(channel, message)).toBe(1)

    await eventually(() => messages.length === sent.length)
    expect(messages).toStrictEqual(sent.map((message) => ({ channel, message })))
  })

  test('receives what is published to the channels of a pattern', async () => {
    const prefix = uniqueKey()
    const pattern = `${prefix}:*`
    const messages = await received(official.psubscribe(pattern), 'psubscribe')

    expect(await official.publish(`${prefix}:1`, { user: 1 })).toBe(1)
    expect(await official.publish(prefix, { user: 2 })).toBe(0)
    expect(await official.publish(`${prefix}:3`, { user: 3 })).toBe(1)

    await eventually(() => messages.length === 2)
    expect(messages).toStrictEqual(
      [1, 3].map((user) => ({ pattern, channel: `${prefix}:${user}`, message: { user } })),
    )
  })

  test('receives nothing once it has unsubscribed, and Redis has no subscriber left', async () => {
    const channel = uniqueKey()
    const subscriber = official.subscribe(channel)
    const messages = await received(subscriber, 'subscribe')

    await subscriber.unsubscribe([channel])

    await eventually(async () => (await official.publish(channel, 'late')) === 0)
    await official.publish(channel, 'later')
    expect(messages).not.toContainEqual({ channel, message: 'later' })
  })

  test('sends and receives while this package uses the same gateway', async () => {
    const channel = uniqueKey()
    const messages = await received(official.subscribe(channel), 'subscribe')

    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        await redisManager.set(`${channel}:${index}`, String(index), 60)
        await official.publish(channel, index)
      }),
    )

    await eventually(() => messages.length === 50)
    const keys = Array.from({ length: 50 }, (_, index) => `${channel}:${index}`)
    expect(await redisManager.mget(keys)).toStrictEqual(keys.map((_, index) => String(index)))
  })
})

describe('a subscription ends', () => {
  const ends: [how: string, end: (gateway: Gateway) => Promise<void>][] = [
    ['with the fault refuse', (gateway) => gateway.setFault({ fault: 'refuse' })],
    ['with the fault drop', (gateway) => gateway.setFault({ fault: 'drop' })],
    ['with Redis', (gateway) => gateway.restartRedis()],
    ['with the gateway', (gateway) => gateway.stop()],
  ]

  test.each(ends)('%s', async (_, end) => {
    const gateway = await startGateway()
    const client = new Redis({ url: gateway.url, token: gateway.token, enableTelemetry: false })
    await received(client.subscribe(uniqueKey()), 'subscribe')
    expect(brokenStreams()).toHaveLength(0)

    await end(gateway)

    await eventually(() => brokenStreams().length === 1)
    await gateway.stop()
  })
})
