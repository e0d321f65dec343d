// The faults: of Redis, of the connection to it, and of a client.
//
// Each kind has `apply(run, targets, random)`, which resolves to a function that ends the fault, once it applies.
// `isClean`: Redis certainly executes nothing during the fault. `isShared`: it affects all clients. `targets`: those that it
// affects, where it has no choice.

import { setTimeout as pause } from 'node:timers/promises'

import { RUNNER, startClient } from './client-process.mjs'
import { now } from './clock.mjs'

const START_TIMEOUT_MS = 10_000

/** A fault of the gateways: for all requests until it ends, or for a few only, so that clients stay available. */
const atGateway = (fault, { canBeFew = false, ...about } = {}) => ({
  ...about,
  async apply({ gateways }, targets, random) {
    const rule = typeof fault === 'function' ? fault(random) : fault
    const few = canBeFew && random.once(2) ? { requests: random.between(1, 3) } : {}
    await Promise.all(targets.map((target) => gateways[target].addFault({ ...rule, ...few })))
    return () => clear(gateways, targets)
  },
})

const clear = (gateways, targets) => Promise.all(targets.map((target) => gateways[target].clearFaults()))

const few = { canBeFew: true }

export const kinds = {
  refuse: atGateway({ fault: 'refuse' }, { isClean: true }),
  hang: atGateway({ fault: 'hang' }, few),
  slow: atGateway((random) => ({ fault: 'latency', ms: random.pick([20, 100, 300, 800]) })),
  drop: atGateway({ fault: 'drop' }, few),
  executeThenDrop: atGateway({ fault: 'executeThenDrop' }, few),
  reset: atGateway({ fault: 'reset' }, few),
  truncate: atGateway({ fault: 'truncate' }, few),
  garbage: atGateway({ fault: 'garbage' }, few),
  tooMany: atGateway({ fault: 'status', status: 429, headers: { 'Retry-After': '1' } }, few),
  flap: { apply: flap },
  pauseRedis: { isShared: true, apply: pauseRedis },
  killRedis: { isShared: true, apply: (run) => killRedis(run, (redis) => redis.startWithData()) },
  emptyRedis: { isShared: true, apply: emptyRedis },
  freezeClient: { apply: freezeClients },
  moveClock: { apply: moveClocks },
  killClient: { targets: [RUNNER], apply: killClient },
}

async function flap({ gateways }, targets, random) {
  let isOver = false
  const flapping = (async () => {
    while (!isOver) {
      const fault = random.pick(['refuse', 'refuse', 'drop', 'hang'])
      await Promise.all(targets.map((target) => gateways[target].addFault({ fault })))
      await pause(random.between(10, 150))
      await clear(gateways, targets)
      await pause(random.between(10, 150))
    }
  })()
  return () => {
    isOver = true
    return flapping
  }
}

async function pauseRedis({ redis }) {
  redis.pause()
  return () => redis.resume()
}

/** While Redis loads its data it refuses commands; the gateways pass that on. */
async function killRedis({ redis }, startAgain) {
  await redis.kill()
  return () => startAgain(redis)
}

/** Tells the run from when to when Redis lost its data. */
async function emptyRedis(run) {
  const from = now()
  const start = await killRedis(run, (redis) => redis.startEmpty())
  run.losses.push({ from, to: now() })
  return start
}

async function freezeClients({ clients }, targets) {
  for (const target of targets) clients[target].freeze()
  return () => {
    for (const target of targets) clients[target].thaw()
  }
}

/** Another process takes the place of the one that is killed. */
async function killClient(run, [target], random) {
  const killed = run.clients[target]
  run.former.push(killed)
  await killed.kill()
  return async () => {
    startClient(run, target, random)
    await run.clients[target].settledAfter(now(), START_TIMEOUT_MS)
  }
}

const HOUR_MS = 3_600_000

/** Moves the wall clocks of clients, which nothing may depend on. They stay so until they are moved again. */
async function moveClocks({ clients }, targets, random) {
  for (const target of targets) clients[target].moveClock(random.pick([-HOUR_MS, -30_000, 30_000, HOUR_MS]))
  return async () => undefined
}
