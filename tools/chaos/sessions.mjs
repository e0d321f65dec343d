// The random calls of a client process on sessions, which all processes share. Each change adds a token to the session, so
// that a read tells which changes are there.

import { SessionCache } from 'redlatch'

/** Touches often, so that they race with the ends of sessions. */
const sessions = new SessionCache({ touchEverySeconds: 1 })

const USERS_OF_A_STEP = 2
const MOST_AT_ONCE = 3

/** Each call as often as it stands here. */
const choices = [
  ...Array(14).fill('get'),
  ...Array(12).fill('update'),
  ...Array(4).fill('touch'),
  ...Array(3).fill('rotate'),
  ...Array(3).fill('destroy'),
  ...Array(2).fill('destroyAll'),
  ...Array(4).fill('create'),
]

/** The tokens of the changes that a session has. */
function changes(session) {
  const fields = Object.keys(session).filter((name) => session[name] === true)
  return [...session.tokens, ...fields]
}

export class SessionCalls {
  #recorder
  #random
  #name
  #pool
  #count = 0

  /** `name` is part of all tokens, and no other's. `pool` has the sessions of all processes. */
  constructor(recorder, random, name, pool) {
    this.#recorder = recorder
    this.#random = random
    this.#name = name
    this.#pool = pool
  }

  /** Makes a random call on a session, or a few at once. `step` is part of the names of new users. */
  make(step) {
    const random = this.#random
    const calls = random.once(4) ? random.between(2, MOST_AT_ONCE) : 1
    const session = this.#pool.pick(random)
    const made = Array.from({ length: calls }, () =>
      this[session ? random.pick(choices) : 'create'](session, step),
    )
    return Promise.all(made)
  }

  /** Looks at a session without using it. */
  async look(session) {
    await this.#record('get', session, {}, () => sessions.get(session.id, { touch: false }), changes)
  }

  async create(_, step) {
    const user = `user.${step}.${this.#random.between(1, USERS_OF_A_STEP)}`
    const name = this.#token()
    const make = () => sessions.create({ userId: user, tokens: [] })
    const { answer } = await this.#record('create', { name, user }, {}, make, ({ id }) => id)
    if (answer) this.#pool.share({ name, user, id: answer })
  }

  get(session) {
    const options = { touch: this.#random.once(2) }
    return this.#record('get', session, {}, () => sessions.get(session.id, options), changes)
  }

  update(session) {
    const token = this.#token()
    const change = this.#random.once(2)
      ? { [token]: true }
      : (data) => ({ ...data, tokens: [...data.tokens, token] })
    return this.#record('update', session, { token }, () => sessions.update(session.id, change), changes)
  }

  touch(session) {
    return this.#record('touch', session, {}, () => sessions.touch(session.id))
  }

  async rotate(session) {
    const token = this.#token()
    const { answer } = await this.#record('rotate', session, { token }, () => sessions.rotate(session.id))
    if (answer) this.#pool.share({ name: token, user: session.user, id: answer })
  }

  destroy(session) {
    return this.#record('destroy', session, {}, () => sessions.destroy(session.id))
  }

  /** Revokes all sessions of the user, or all but this one. */
  destroyAll(session) {
    const { user, name, id } = session
    if (this.#random.once(2)) return this.#record('destroyAll', session, {}, () => sessions.destroyAll(user))
    const make = () => sessions.destroyAll(user, { except: id })
    return this.#record('destroyAll', session, { except: name }, make)
  }

  #record(op, { name, user }, more, make, answer) {
    return this.#recorder.call({ area: 'session', op, key: name, user, ...more }, make, answer)
  }

  #token() {
    this.#count += 1
    return `${this.#name}.${this.#count}`
  }
}
