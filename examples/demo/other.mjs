// The same server in another process, as a second instance of an app. It answers its parent, and ends with it.

import { redisManager } from 'redlatch'

import { created, start } from './server.mjs'

const server = await start()

process.on('message', (question) => {
  process.send(question === 'port' ? server.address().port : created.payments)
})
process.on('disconnect', async () => {
  server.close()
  await redisManager.close()
})
