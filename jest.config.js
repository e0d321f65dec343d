/** What all projects share. */
const base = {
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // What is built and installed in there has packages of the same names.
  modulePathIgnorePatterns: ['<rootDir>/target/'],
  moduleNameMapper: { '^redlatch$': '<rootDir>/dist/index.js' },
}
const withoutGateway = { ...base, setupFiles: ['<rootDir>/__test__/support/clear-environment.ts'] }

module.exports = {
  globalSetup: '<rootDir>/__test__/support/start-gateway.ts',
  globalTeardown: '<rootDir>/__test__/support/stop-gateway.ts',
  projects: [
    { ...withoutGateway, displayName: 'memory', testMatch: ['<rootDir>/__test__/behaviour/*.spec.ts'] },
    {
      ...base,
      displayName: 'redis',
      testMatch: ['<rootDir>/__test__/behaviour/*.spec.ts', '<rootDir>/__test__/redis/*.spec.ts'],
      setupFiles: ['<rootDir>/__test__/support/use-gateway.ts'],
    },
    { ...withoutGateway, displayName: 'package', testMatch: ['<rootDir>/__test__/package/*.spec.ts'] },
  ],
}
