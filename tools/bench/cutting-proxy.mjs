// A proxy in front of Redis, on loopback, that can lose a reply: Redis has executed the command, and the client's connection
// ends before it is told.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

export async function startCuttingProxy(redisUrl) {
  const { hostname, port } = new URL(redisUrl)
  const clients = new Set()
  let losesNext = false
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname)
    clients.add(client)
    client.pipe(redis)
    redis.on('data', (reply) => {
      if (losesNext) {
        losesNext = false
        client.destroy()
      } else client.write(reply)
    })
    for (const [end, other] of [
      [client, redis],
      [redis, client],
    ]) {
      end.on('error', () => undefined)
      end.on('close', () => other.destroy())
    }
    client.on('close', () => clients.delete(client))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${server.address().port}`,
    /** Loses the next reply of any connection. */
    loseNextReply: () => {
      losesNext = true
    },
    /** Whether a reply was lost since. */
    hasLost: () => !losesNext,
    async stop() {
      for (const client of clients) client.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
