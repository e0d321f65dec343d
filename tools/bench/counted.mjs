// What an action sends and has Redis execute.

/** Requests and commands by the count of the gateway; those executed by that of Redis, which knows what a script calls. */
export async function counted(control, redis, action) {
  const before = await counts(control, redis)
  await action()
  const after = await counts(control, redis)
  return Object.fromEntries(Object.keys(after).map((what) => [what, after[what] - before[what]]))
}

async function counts(control, redis) {
  const { requests, commands } = await control.counters()
  return { requests, sent: commands.total, executed: await executedCommands(redis) }
}

async function executedCommands(redis) {
  const info = await redis.info('commandstats')
  const calls = [...info.matchAll(/^cmdstat_(?!info)[^:]+:calls=(\d+)/gm)]
  return calls.reduce((sum, [, count]) => sum + Number(count), 0)
}
