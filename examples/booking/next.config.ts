import type { NextConfig } from 'next'

const config: NextConfig = {
  // The package holds a native addon, which has to be loaded by Node and not bundled.
  serverExternalPackages: ['redlatch'],
  output: process.env.BOOKING_OUTPUT === 'standalone' ? 'standalone' : undefined,
  // This folder has no lock file of its own; without this, Next looks for one in the folders above.
  outputFileTracingRoot: import.meta.dirname,
  // The demonstration asks four times a second: that is not worth a line each.
  logging: { incomingRequests: { ignore: [/^\/api\/(demo|health)/] } },
  turbopack: { root: import.meta.dirname },
}

export default config
