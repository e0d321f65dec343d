// Asks @upstash/ratelimit and RateLimiter the same questions at the same moments, and compares their answers. It runs
// under libfaketime, which has the wall clock stand still at what a file says. It stops at the first difference.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'

import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { RateLimiter, redisManager } from 'redlatch'

import { Random } from '../../tools/chaos/random.mjs'

const {
  LIMITS_URL: url,
  LIMITS_TOKEN: token,
  LIMITS_SEED,
  LIMITS_ROUNDS,
  FAKETIME_TIMESTAMP_FILE: file,
} = process.env

const STEPS = 40
const IDS = ['one', 'another']
/** Long, because Redis's own clock, by which counters expire, goes on meanwhile. */
const WINDOWS = ['2 m', '7 m', '90500 ms', '1 h', '11 m']

const redis = new Redis({ url, token, enableTelemetry: false })
redisManager.configure({ url, token })

const random = new Random(Number(LIMITS_SEED))
const counts = { admitted: 0, denied: 0 }
let seconds = 1_800_000_000

function moveTo(next) {
  seconds = next
  writeFileSync(file, String(seconds))
  assert.equal(Math.floor(Date.now() / 1000), seconds)
}

/** The same algorithm of both. */
function draw() {
  const [tokens, window, rate] = [random.between(1, 12), random.pick(WINDOWS), random.between(1, 4)]
  return random.pick([
    { name: 'fixedWindow', of: (Class) => Class.fixedWindow(tokens, window) },
    { name: 'slidingWindow', of: (Class) => Class.slidingWindow(tokens, window) },
    { name: 'tokenBucket', of: (Class) => Class.tokenBucket(rate, window, tokens) },
  ])
}

const comparable = ({ success = true, limit, remaining, reset }) => ({ success, limit, remaining, reset })

for (let round = 0; round < Number(LIMITS_ROUNDS); round += 1) {
  const algorithm = draw()
  const name = `${process.pid}-${LIMITS_SEED}-${round}`
  const theirs = (prefix) =>
    new Ratelimit({ redis, prefix, limiter: algorithm.of(Ratelimit), ephemeralCache: false })
  const ours = (prefix) =>
    new RateLimiter({ prefix, limiter: algorithm.of(RateLimiter), ephemeralCache: false })
  const apart = [theirs(`${name}-theirs`), ours(`${name}-ours`)]
  const together = [theirs(`${name}-together`), ours(`${name}-together`)]

  for (let step = 0; step < STEPS; step += 1) {
    // Mostly many calls in one moment, and at times some windows without any.
    if (random.once(3)) moveTo(seconds + (random.once(4) ? random.between(1, 5_400) : random.between(1, 120)))
    const [id, rate] = [random.pick(IDS), random.once(3) ? random.between(1, 5) : 1]
    const where = `seed ${LIMITS_SEED}, round ${round}, step ${step}: ${algorithm.name}, rate ${rate}`

    const left = (await apart[1].getRemaining(id)).remaining
    if (left < rate) {
      const { success } = await apart[1].limit(id, { rate })
      assert.equal(success, false, where)
      assert.equal((await apart[1].getRemaining(id)).remaining, left, where)
      counts.denied += 1
      continue
    }
    const answers = [
      await apart[0].limit(id, { rate }),
      await apart[1].limit(id, { rate }),
      await random.pick(together).limit(id, { rate }),
    ].map(comparable)
    assert.equal(answers[1].success, true, where)
    assert.deepEqual(answers[1], answers[0], where)
    assert.deepEqual(answers[2], answers[0], `${where}, together`)
    assert.equal((await together[0].getRemaining(id)).remaining, answers[0].remaining, where)
    assert.equal((await together[1].getRemaining(id)).remaining, answers[0].remaining, where)
    counts.admitted += 1
  }
}

console.log(JSON.stringify(counts))
await redisManager.close()
