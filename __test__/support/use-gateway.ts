import './clear-environment'
import { sharedGateway } from './gateway'

const { url, token } = sharedGateway()
process.env.UPSTASH_REDIS_REST_URL = url
process.env.UPSTASH_REDIS_REST_TOKEN = token
