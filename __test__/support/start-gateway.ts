import { spawnGateway } from '../../tools/gateway/spawn.js'

declare global {
  var stopSharedGateway: (() => Promise<void>) | undefined
}

/** Starts the gateway that all specs without faults share, once for all projects, and passes its address to the workers. */
export default async function startGateway(): Promise<void> {
  if (globalThis.stopSharedGateway) return
  const { address, stop } = await spawnGateway()
  globalThis.stopSharedGateway = stop
  process.env.REDLATCH_TEST_GATEWAY = JSON.stringify(address)
}
