import type {} from './start-gateway'

export default async function stopGateway(): Promise<void> {
  await globalThis.stopSharedGateway?.()
  globalThis.stopSharedGateway = undefined
}
