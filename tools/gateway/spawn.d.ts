/** Where a gateway listens, as it prints it. */
export interface GatewayAddress {
  url: string
  token: string
  readOnlyToken: string
  controlUrl: string
  redisUrl: string
}

export declare function spawnGateway(
  options?: string[],
): Promise<{ address: GatewayAddress; stop: () => Promise<void> }>
