// Asks the database through the package itself, so that what is found is what the app will meet.

import { randomUUID } from 'node:crypto'

import type { RedisHealthCheck } from '../health.js'
import type { RedisManager } from '../redis-manager.js'
import type { Credentials, Environment } from './environment.js'
import { type Finding, ok, problem, skipped, warning } from './finding.js'

const TRIPS = 5
const FAR_MS = 150

export async function checkDatabase(
  connection: Credentials | undefined,
  environment: Environment,
): Promise<Finding[]> {
  if (!connection) return [skipped('database', 'Not asked: the environment names none that could answer.')]
  let redisManager: RedisManager
  try {
    redisManager = (await import('../index.js')).redisManager
  } catch {
    return [skipped('database', 'Not asked: the addon cannot be loaded.')]
  }
  // What is read is the environment itself, so that all of it counts, and messages name its variables.
  const before = { ...process.env }
  Object.assign(process.env, environment)
  try {
    const trips: RedisHealthCheck[] = []
    for (let trip = 0; trip < TRIPS; trip += 1) trips.push(await redisManager.healthCheck())
    const failed = trips.find(({ status }) => status !== 'healthy')
    if (failed) return [unreachable(failed, connection)]
    return [reachable(trips), await checkWriting(redisManager, connection.tokenName)]
  } finally {
    await redisManager.close()
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name]
    }
  }
}

function unreachable({ error = '', code }: RedisHealthCheck, connection: Credentials): Finding {
  const { urlName, tokenName, url } = connection
  if (code === 'unauthorized') {
    return problem(
      'database',
      `It answers, but refuses ${tokenName}.`,
      'Copy the token from the Upstash console, under "REST API"; the password is another one.',
    )
  }
  // The core says why, and behind a semicolon what to check.
  const [cause = '', advice] = error.replace(/^cannot connect to redis: /, '').split('; ')
  const notReached = (remedy: string) => problem('database', `It cannot be reached: ${cause}.`, remedy)
  if (advice && (code === 'connect' || code === 'connection_lost')) {
    return notReached(`${advice.charAt(0).toUpperCase()}${advice.slice(1)}.`)
  }
  if (cause.includes('authority')) {
    return notReached('Name a file with this authority in NODE_EXTRA_CA_CERTS.')
  }
  if (code === 'connect' || code === 'connection_lost' || code === 'timeout') {
    return notReached(`Check the host and port in ${urlName}, firewalls, and the network between.`)
  }
  const hasPath = URL.canParse(url.trim()) && new URL(url.trim()).pathname !== '/'
  const part = hasPath ? 'the path in it is probably wrong' : 'its host and port belong to something else'
  return problem('database', `It does not answer as Upstash Redis: ${error}.`, `Check ${urlName}: ${part}.`)
}

/** The first trip also connects, so it is the middle one that counts. */
function reachable(trips: RedisHealthCheck[]): Finding {
  const times = trips.map(({ responseTime }) => responseTime).sort((a, b) => a - b)
  const middle = times[Math.floor(times.length / 2)] ?? 0
  const message = `It answers; a round trip takes ${middle.toFixed(1)} ms.`
  return middle > FAR_MS
    ? warning('database', message, 'Put the app and the database into the same region.')
    : ok('database', message)
}

async function checkWriting(redisManager: RedisManager, tokenName: string): Promise<Finding> {
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
    const { message } = error as Error
    const isReadOnly = /NOPERM|permission|read.?only/i.test(message)
    return isReadOnly
      ? problem(
          'token',
          'It may only read.',
          `Put the standard token into ${tokenName}, not the read-only one.`,
        )
      : problem('token', message, 'Mend what Redis says.')
  }
}
