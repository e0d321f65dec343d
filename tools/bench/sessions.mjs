// Sessions: this package beside what people would use instead. What a call sends, what a read costs, and what it takes to
// end all sessions of a user.

import { randomUUID } from 'node:crypto'

import { Redis } from 'ioredis'

import { PACKAGE } from './clients.mjs'
import { counted } from './counted.mjs'
import { load } from './load.mjs'
import { progress, serveParent, startProcess } from './processes.mjs'
import { inRounds } from './rounds.mjs'
import { measureSent } from './session-calls.mjs'
import { dataOf, EXPRESS, ON_IOREDIS, ON_PEER, stores } from './session-stores.mjs'

const IDS = 1000
const DAY_SECONDS = 86_400
/** The stores whose way to end all sessions of a user is measured. */
const REVOKING = [PACKAGE, EXPRESS, ON_IOREDIS, ON_PEER]

export async function measureSessions({ cost, revocation }, { http }) {
  const redis = new Redis(http.address.redisUrl)
  const started = []
  const start = async (names) => {
    const processes = new Map()
    for (const name of names) {
      const child = startProcess(import.meta.url)
      started.push(child)
      processes.set(name, child)
      await child.ask('connect', { name, address: http.address })
    }
    return processes
  }
  try {
    const processes = await start(Object.keys(stores))
    // Others sign users in, so that the process which signs them out has nothing else to do.
    const others = await start(REVOKING)
    return {
      bytes: JSON.stringify(dataOf('user')).length,
      sent: await measureSent(http, redis),
      times: await measureTimes(processes, cost),
      revoked: await measureRevocation(processes, others, revocation, { control: http.control, redis }),
      total: revocation.total,
    }
  } finally {
    redis.disconnect()
    for (const { stop } of started) await stop()
  }
}

async function measureTimes(processes, { levels, rounds, milliseconds, warmUp }) {
  const rows = levels.flatMap((inFlight) => Object.keys(stores).map((name) => ({ inFlight, name })))
  return inRounds(rows, rounds, async ({ name, inFlight }, round) => {
    progress(`sessions: ${round}, ${inFlight} in flight, ${name}`)
    const { ask } = processes.get(name)
    await ask('measure', { inFlight, milliseconds: warmUp })
    return ask('measure', { inFlight, milliseconds })
  })
}

/** Each time the database has as many sessions, of which some are those of one user, who is signed out everywhere. */
async function measureRevocation(processes, others, { sizes, rounds, total }, { control, redis }) {
  const rows = sizes.flatMap((sessions) => REVOKING.map((name) => ({ sessions, name })))
  return inRounds(rows, rounds, async ({ name, sessions }, round) => {
    progress(`signed out everywhere: ${round}, ${sessions} sessions, ${name}`)
    const { ask } = processes.get(name)
    const userId = randomUUID()
    await redis.flushdb()
    await storeSessions(redis, total - sessions)
    const ids = await others.get(name).ask('signIn', { userId, sessions })
    await ask('expect', { ids, userId })
    let milliseconds
    const sent = await counted(control, redis, async () => {
      milliseconds = await ask('destroyAll', { userId })
    })
    await ask('expect', { ids, userId: null })
    return { milliseconds, ...sent }
  })
}

async function storeSessions(redis, count) {
  const text = JSON.stringify(dataOf('other'))
  const pipeline = redis.pipeline()
  for (let number = 0; number < count; number += 1)
    pipeline.set(`sess:other-${number}:${randomUUID()}`, text, 'EX', DAY_SECONDS)
  await pipeline.exec()
}

let store
/** The sessions that are read. */
let ids

serveParent(import.meta.url, {
  async connect({ name, address }) {
    store = await stores[name](address)
    ids = await Promise.all(Array.from({ length: IDS }, (_, number) => store.create(`user-${number}`)))
  },

  async measure({ inFlight, milliseconds }) {
    const read = async (number) => {
      if ((await store.get(ids[number % IDS])) === null) throw new Error('a session is not there')
    }
    const figures = await load(read, inFlight, milliseconds)
    store.check?.()
    return figures
  },

  /** The ids of the first and the last session, which stand for all. */
  async signIn({ userId, sessions }) {
    const made = await Promise.all(Array.from({ length: sessions }, () => store.create(userId)))
    return [made[0], made.at(-1)]
  },

  /** The milliseconds that it takes. */
  async destroyAll({ userId }) {
    const started = performance.now()
    await store.destroyAll(userId)
    return performance.now() - started
  },

  /** Fails unless the sessions are those of that user, or are not there if it is `null`. */
  async expect({ ids, userId }) {
    for (const id of ids) {
      const found = await store.get(id)
      if ((found?.userId ?? null) !== userId) throw new Error('a session is not as expected')
    }
  },
})
