import { spawnGateway } from '../../tools/gateway/spawn.js'

declare global {
  var stopSharedGateway: (() => Promise<void>) | undefined
}

/** Starts the gateway that all specs share which set no faults, and tells the workers where it is. */
export default async function startGateway(): Promise<void> {
  const { address, stop } = await spawnGateway()
  globalThis.stopSharedGateway = stop
  process.env.REDLATCH_TEST_GATEWAY = JSON.stringify(address)
}
