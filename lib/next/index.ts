// What `redlatch/next` exports: wrappers for route handlers and server actions of Next.js.

export { type ActionOptions, idempotentAction } from './action.js'
export { idempotentRoute, type RouteOptions } from './route.js'
