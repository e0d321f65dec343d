// What `import ... from 'redlatch'` gives. Each name is listed, because not every runtime and bundler finds the names of
// a CommonJS module by itself: Bun takes its `default` for the default import, as `__esModule` asks for.

export type * from './index.js'
export {
  CustomerCache,
  FormCache,
  IdempotencyCache,
  IdempotencyError,
  redisManager,
  redisManager as default,
  SessionCache,
  withLock,
} from './index.js'
