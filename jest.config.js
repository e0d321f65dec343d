/** What all projects share. */
const base = {
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // What is built and installed in there has packages of the same names.
  modulePathIgnorePatterns: ['<rootDir>/target/'],
  moduleNameMapper: {
    '^redlatch$': '<rootDir>/dist/index.js',
    '^redlatch/better-auth$': '<rootDir>/dist/better-auth.js',
    '^redlatch/express-session$': '<rootDir>/dist/express-session.js',
    '^redlatch/next$': '<rootDir>/dist/next/index.js',
    '^redlatch/testing$': '<rootDir>/dist/testing.js',
  },
}
const withoutGateway = { ...base, setupFiles: ['<rootDir>/__test__/support/clear-environment.ts'] }

/** One gateway for all specs that set no faults. It is started only if one of these projects runs. */
const withGateway = {
  globalSetup: '<rootDir>/__test__/support/start-gateway.ts',
  globalTeardown: '<rootDir>/__test__/support/stop-gateway.ts',
}

module.exports = {
  // So long that only a test that hangs reaches it, however busy the machine is.
  testTimeout: 30_000,
  projects: [
    { ...withoutGateway, displayName: 'memory', testMatch: ['<rootDir>/__test__/behaviour/*.spec.ts'] },
    {
      ...base,
      ...withGateway,
      displayName: 'redis',
      testMatch: ['<rootDir>/__test__/behaviour/*.spec.ts', '<rootDir>/__test__/redis/*.spec.ts'],
      setupFiles: ['<rootDir>/__test__/support/use-gateway.ts'],
    },
    {
      ...withoutGateway,
      ...withGateway,
      displayName: 'package',
      testMatch: ['<rootDir>/__test__/package/*.spec.ts'],
    },
  ],
}
