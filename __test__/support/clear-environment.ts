// Takes out of the environment whatever a developer has set, so that nothing but the spec decides where values go.

const variables = [
  'UPSTASH_REDIS_REST_URL',
  'UPSTASH_REDIS_REST_TOKEN',
  'KV_REST_API_URL',
  'KV_REST_API_TOKEN',
  'DISABLE_REDIS',
  'NODE_EXTRA_CA_CERTS',
]

for (const name of variables) delete process.env[name]
