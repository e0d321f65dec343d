/** Says at the start where values will live. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { redisManager } = await import('./lib/redis')
  const { mode, status } = await redisManager.healthCheck()
  console.log(`booking: caches on ${mode === 'redis' ? 'Redis' : 'memory'}, ${status}`)
}
