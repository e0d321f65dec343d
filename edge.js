'use strict'

// What Edge runtimes get instead of index.js, which needs a native addon. The key of a form can be made there; any other
// call says what to do. There is no memory to fall back to: such runtimes keep none from one request to the next.

const { FormCache } = require('./browser.js')

const { generateKey } = FormCache
const synchronous = ['getCacheStats', 'configure']

function runtimeName() {
  if (typeof EdgeRuntime === 'string') return 'the Edge runtime'
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers' ? 'Cloudflare Workers' : 'an Edge runtime'
}

function refusal(call) {
  const problem = `redlatch: ${call} cannot run in ${runtimeName()}, which loads no native addon.`
  const remedy = "In Next.js, put `export const runtime = 'nodejs'` into the route or page."
  return Object.assign(new Error(`${problem} ${remedy}`), { code: 'ERR_UNSUPPORTED_RUNTIME' })
}

/** Has the methods of `own`, and instead of any other method one that refuses. */
function refusing(name, own = {}) {
  const get = (_, method) => {
    if (Object.hasOwn(own, method)) return own[method]
    // What is not a method's name is asked by `await`, by printing and by bundlers.
    if (typeof method === 'symbol' || method === 'then') return undefined
    return () => {
      const error = refusal(`${name}.${method}`)
      if (synchronous.includes(method)) throw error
      return Promise.reject(error)
    }
  }
  return new Proxy({}, { get })
}

exports.__esModule = true
exports.IdempotencyCache = refusing('IdempotencyCache')
exports.FormCache = refusing('FormCache', { generateKey })
exports.CustomerCache = refusing('CustomerCache')
exports.redisManager = refusing('redisManager')
exports.default = exports.redisManager
