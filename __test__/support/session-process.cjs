// A process of several that race for sessions. Its parent sends tasks for many sessions at once, the same ones to each
// process at the same time, and gets what came of them.
const { SessionCache } = require('redlatch')

const { SESSION_PREFIX } = process.env
const sessions = new SessionCache({ prefix: SESSION_PREFIX, touchEverySeconds: 1 })

const actions = {
  update: ({ id, name }) => sessions.update(id, { [name]: true }),
  increment: ({ id }) => sessions.update(id, (data) => ({ ...data, n: data.n + 1 })),
  destroy: ({ id }) => sessions.destroy(id),
  destroyAll: ({ userId }) => sessions.destroyAll(userId),
  destroyOthers: ({ userId, id }) => sessions.destroyAll(userId, { except: id }),
  create: async ({ userId }) => (await sessions.create({ userId, n: 0 })).id,
  rotate: ({ id }) => sessions.rotate(id),
  get: async ({ id }) => (await sessions.get(id)) !== null,
}

process.on('message', async ({ tasks }) => {
  try {
    const results = await Promise.all(tasks.map(({ action, ...task }) => actions[action](task)))
    process.send({ results })
  } catch (error) {
    process.send({ error: `${error.code}: ${error.message}` })
  }
})

process.send({ ready: true })
