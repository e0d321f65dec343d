// The environment of the processes that are measured: it must not say where Redis is, which they are told.

const OF_CLIENTS = /^(UPSTASH_|KV_REST_API_|DISABLE_REDIS$|NODE_EXTRA_CA_CERTS$)/

export function cleanEnvironment(more = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !OF_CLIENTS.test(name))
  return { ...Object.fromEntries(kept), ...more }
}
