'use strict'

// Asks the database through the package itself, so that what is found is what the app will meet.

const { randomUUID } = require('node:crypto')

const { ok, problem, skipped, warning } = require('./finding.js')

const TRIPS = 5
const FAR_MS = 150

async function checkDatabase(connection) {
  if (!connection) return [skipped('database', 'Not asked: the environment names none that could answer.')]
  let redisManager
  try {
    ;({ redisManager } = require('../index.js'))
  } catch {
    return [skipped('database', 'Not asked: the addon cannot be loaded.')]
  }
  const { url, token, tokenName } = connection
  redisManager.configure({ url: url.trim(), token: token.trim() })
  try {
    const trips = []
    for (let trip = 0; trip < TRIPS; trip += 1) trips.push(await redisManager.healthCheck())
    const failed = trips.find(({ status }) => status !== 'healthy')
    if (failed) return [unreachable(failed, tokenName)]
    return [reachable(trips), await checkWriting(redisManager, tokenName)]
  } finally {
    await redisManager.close()
    redisManager.configure()
  }
}

function unreachable({ error = '' }, tokenName) {
  const isRefused = /token|unauthorized|WRONGPASS|NOAUTH|40[13]/i.test(error)
  return isRefused
    ? problem(
        'database',
        `It answers, but refuses ${tokenName}.`,
        'Copy the token from the Upstash console, under "REST API"; the password is another one.',
      )
    : problem('database', `It cannot be reached: ${error}.`, 'Check the URL, and the network between.')
}

/** The first trip also connects, so it is the middle one that counts. */
function reachable(trips) {
  const times = trips.map(({ responseTime }) => responseTime).sort((a, b) => a - b)
  const middle = times[Math.floor(times.length / 2)]
  const message = `It answers; a round trip takes ${middle.toFixed(1)} ms.`
  return middle > FAR_MS
    ? warning('database', message, 'Put the app and the database into the same region.')
    : ok('database', message)
}

async function checkWriting(redisManager, tokenName) {
  const key = `redlatch:doctor:${randomUUID()}`
  try {
    await redisManager.set(key, 'written', 60)
    const isBack =
      (await redisManager.get(key)) === 'written' && redisManager.getCacheStats().isRedisAvailable
    await redisManager.del(key)
    return isBack
      ? ok('token', 'It may write.')
      : problem('token', 'A value did not come back.', 'Try again; the database may be about to go.')
  } catch (error) {
    const isReadOnly = /NOPERM|permission|read.?only/i.test(error.message)
    return isReadOnly
      ? problem(
          'token',
          'It may only read.',
          `Put the standard token into ${tokenName}, not the read-only one.`,
        )
      : problem('token', error.message, 'Mend what Redis says.')
  }
}

module.exports = { checkDatabase }
