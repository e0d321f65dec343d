// What the calls of `SessionCache` send, on an endpoint that has `SET .. IFEQ`, and on one that has not.

import { randomUUID } from 'node:crypto'

import { GatewayControl } from '../gateway/control.mjs'
import spawning from '../gateway/spawn.js'
import { connectPackage } from './clients.mjs'
import { counted } from './counted.mjs'
import { progress, serveParent, startProcess } from './processes.mjs'
import { dataOf } from './session-stores.mjs'

/** The calls by their names in the tables, each with what it sends on both endpoints. */
export async function measureSent({ address, control }, redis) {
  // A proxy in front of a plain Redis, here the same one.
  const plain = await spawning.spawnGateway(['--mode', 'redis', '--redis-url', address.redisUrl])
  try {
    const withIfeq = await sentTo(address, control, redis)
    const without = await sentTo(plain.address, new GatewayControl(plain.address), redis)
    return Object.keys(calls).map((call) => ({ call, withIfeq: withIfeq[call], without: without[call] }))
  } finally {
    await plain.stop()
  }
}

async function sentTo(address, control, redis) {
  const { ask, stop } = startProcess(import.meta.url)
  try {
    await ask('connect', { address })
    const sent = {}
    for (const call of Object.keys(calls)) {
      progress(`what is sent: ${call}`)
      await ask('prepare', { call })
      sent[call] = await counted(control, redis, () => ask('make', { call }))
    }
    return sent
  } finally {
    await stop()
  }
}

let opened
let userId
let id

async function create() {
  id = (await opened.sessions.create(dataOf(userId))).id
}

/** As another process would: this one forgets what it knows of the session. */
async function createElsewhere() {
  await create()
  await opened.redisManager.close()
  await learn()
}

/** Has this process know what the endpoint has, scripts included. */
async function learn() {
  const { id: other } = await opened.sessions.create(dataOf('other'))
  for (const theme of ['light', 'dark']) await opened.sessions.update(other, { theme })
}

const get = async () => expect(await opened.sessions.get(id))
const update = async () => expect(await opened.sessions.update(id, { theme: 'light' }))
const updateByFunction = async () =>
  expect(await opened.sessions.update(id, (data) => ({ ...data, theme: 'light' })))
const touch = async () => expect(await opened.sessions.touch(id))
const revoke = () => opened.sessions.destroyAll(userId)

function expect(result) {
  if (!result) throw new Error('the session is not there')
}

/** Each call, and what comes before it. */
const calls = {
  create: { make: create },
  'create, after a revocation': { prepare: revoke, make: create },
  get: { prepare: create, make: get },
  'get that begins the idle time anew': { prepare: createElsewhere, make: get },
  update: { prepare: create, make: update },
  'update by a function': { prepare: create, make: updateByFunction },
  'update of a session not seen before': { prepare: createElsewhere, make: update },
  touch: { prepare: createElsewhere, make: touch },
  'touch, again within a minute': { prepare: create, make: touch },
  rotate: { prepare: create, make: async () => expect(await opened.sessions.rotate(id)) },
  destroy: { prepare: create, make: () => opened.sessions.destroy(id) },
  destroyAll: { prepare: create, make: revoke },
}

serveParent(import.meta.url, {
  async connect({ address }) {
    const { SessionCache, redisManager } = await connectPackage(address)
    opened = { sessions: new SessionCache(), redisManager }
    await learn()
  },

  async prepare({ call }) {
    userId = randomUUID()
    await calls[call].prepare?.()
  },

  async make({ call }) {
    await calls[call].make()
  },
})
