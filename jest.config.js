'use strict'

/** What all projects share. */
const base = {
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  moduleNameMapper: { '^redlatch$': '<rootDir>/index.js' },
}

module.exports = {
  globalSetup: '<rootDir>/__test__/support/start-gateway.ts',
  globalTeardown: '<rootDir>/__test__/support/stop-gateway.ts',
  projects: [
    { ...base, displayName: 'memory', testMatch: ['<rootDir>/__test__/behaviour/*.spec.ts'] },
    {
      ...base,
      displayName: 'redis',
      testMatch: ['<rootDir>/__test__/behaviour/*.spec.ts', '<rootDir>/__test__/redis/*.spec.ts'],
      setupFiles: ['<rootDir>/__test__/support/use-gateway.ts'],
    },
    { ...base, displayName: 'package', testMatch: ['<rootDir>/__test__/package/*.spec.ts'] },
  ],
}
