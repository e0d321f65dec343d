// What `redlatch/next` exports: wrappers for route handlers and server actions of Next.js.

export { type ActionOptions, idempotentAction } from './action.js'
export { type RateLimitedOptions, rateLimited } from './rate-limited.js'
export { idempotentRoute, type RouteOptions } from './route.js'
