// The random calls of a client process on one-time data, which all processes share: who takes it, and who guesses a code.

import { TempDataCache } from 'redlatch'

const KIND = 'chaos'
const CODES = 'chaos-code'
const LONG_TTL = 600
const MOST_AT_ONCE = 3

const making = {
  data: ({ name, data, ttl }) => TempDataCache.put(KIND, name, data, ttl).then(() => name),
  token: ({ data, ttl }) => TempDataCache.createToken(KIND, data, ttl),
  code: ({ name, data, ttl, attempts }) =>
    TempDataCache.createCode(CODES, name, data, { ttlSeconds: ttl, attempts }),
}

const taken = ({ name }) => ({ taken: name })

/** What was taken, or why it was not, and how many attempts are left. */
const verdict = ({ ok, data, reason, attemptsLeft }) => (ok ? taken(data) : { reason, attemptsLeft })

export class OneTimeCalls {
  #recorder
  #random
  #name
  #pool
  #count = 0

  /** `name` is part of all tokens, and no other's. `pool` has the entries of all processes. */
  constructor(recorder, random, name, pool) {
    this.#recorder = recorder
    this.#random = random
    this.#name = name
    this.#pool = pool
  }

  /** Makes a new entry, or uses one, perhaps a few times at once. */
  make() {
    const random = this.#random
    const entry = this.#pool.pick(random)
    if (!entry || random.once(3)) return this.#put()
    const calls = random.once(3) ? random.between(2, MOST_AT_ONCE) : 1
    return Promise.all(Array.from({ length: calls }, () => this.#use(entry)))
  }

  /** Takes an entry, by its code if it has one. */
  take(entry) {
    return entry.kind === 'code' ? this.#verify(entry, entry.secret) : this.#take(entry)
  }

  async #put() {
    const random = this.#random
    const kind = random.pick(['data', 'token', 'code'])
    this.#count += 1
    const name = `${this.#name}.${this.#count}`
    const ttl = random.once(5) ? random.between(1, 3) : LONG_TTL
    const more = { kind, ttl, ...(kind === 'code' && { attempts: random.pick([2, 3, 5]) }) }
    const make = () => making[kind]({ name, data: { name }, ...more })
    const { answer: secret } = await this.#record('put', name, more, make)
    if (secret) this.#pool.share({ name, kind, secret })
  }

  #use(entry) {
    const random = this.#random
    if (entry.kind === 'code') {
      return this.#verify(entry, random.once(5) ? entry.secret : wrongCode(entry.secret, random))
    }
    if (random.once(2)) return this.#take(entry)
    const make = () => TempDataCache.peek(KIND, entry.secret)
    return this.#record('peek', entry.name, {}, make, (data) => data.name)
  }

  #take({ name, secret }) {
    const make = () => TempDataCache.take(KIND, secret)
    return this.#record('take', name, {}, make, taken)
  }

  #verify({ name, secret }, guess) {
    const make = () => TempDataCache.verifyCode(CODES, name, guess)
    return this.#record('verify', name, { isRight: guess === secret }, make, verdict)
  }

  #record(op, key, more, make, answer) {
    return this.#recorder.call({ area: 'oneTime', op, key, ...more }, make, answer)
  }
}

/** Another code of as many digits. */
function wrongCode(code, random) {
  const other = (Number(code) + random.between(1, 9)) % 10 ** code.length
  return String(other).padStart(code.length, '0')
}
