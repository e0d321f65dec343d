import type { OutageCode } from './metrics.js'

/** The result of a health check. */
export interface HealthCheck {
  /**
   * `healthy` while calls are served as configured: by Redis, or by memory when Redis is not configured. Settings that
   * are incomplete or wrong are `unhealthy`.
   */
  status: 'healthy' | 'unhealthy'
  /** A sentence for a person. */
  message: string
}

/** The result of `redisManager.healthCheck()`. */
export interface RedisHealthCheck extends HealthCheck {
  /** How long the check took, in milliseconds, rounded to hundredths. */
  responseTime: number
  /** Where values go by configuration: `redis` even while it cannot be reached. */
  mode: 'redis' | 'in-memory'
  /** Why Redis cannot be used, for a person. */
  error?: string | undefined
  /** Why Redis cannot be used, for a program. */
  code?: OutageCode | undefined
}
