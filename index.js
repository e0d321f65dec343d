'use strict'

// The package's face over the generated binding. It makes promises (promises.js), passes process.env on, and holds no
// cache logic. Arguments are checked by the addon; index.d.ts documents them.

const binding = require('./load.js')
const {
  realm,
  call,
  callNow,
  configure,
  onStateChange,
  open,
  close,
  asIs,
  nothing,
  parsed,
} = require('./promises.js')

const manager = new binding.RedisManager(realm)
const results = new binding.IdempotencyCache(realm)
const forms = new binding.FormCache(realm)
const customers = new binding.CustomerCache(realm)

class RedisManager {
  set(key, value, expirationSeconds) {
    return call(nothing, (slot) => manager.set(slot, key, value, expirationSeconds))
  }

  get(key) {
    return call(asIs, (slot) => manager.get(slot, key))
  }

  del(key) {
    return call(nothing, (slot) => manager.del(slot, key))
  }

  exists(key) {
    return call(asIs, (slot) => manager.exists(slot, key))
  }

  setNx(key, value, expirationSeconds) {
    return call(asIs, (slot) => manager.setNx(slot, key, value, expirationSeconds))
  }

  incr(key, increment) {
    return call(asIs, (slot) => manager.incr(slot, key, increment))
  }

  expire(key, seconds) {
    return call(asIs, (slot) => manager.expire(slot, key, seconds))
  }

  mget(keys) {
    return call(parsed, (slot) => manager.mget(slot, keys))
  }

  setWithTimestamp(key, value, expiresAt) {
    return call(nothing, (slot) => manager.setWithTimestamp(slot, key, value, expiresAt))
  }

  healthCheck() {
    return call(parsed, (slot) => manager.healthCheck(slot))
  }

  getCacheStats() {
    open()
    return JSON.parse(manager.getCacheStats())
  }

  getMetrics(options) {
    open()
    const report = callNow(() => manager.getMetrics(options))
    return report.startsWith('{') ? JSON.parse(report) : report
  }

  drain(timeoutMs) {
    return call(asIs, (slot) => manager.drain(slot, timeoutMs))
  }

  onStateChange(listener) {
    return onStateChange(listener)
  }

  configure(options) {
    configure(options)
  }

  close() {
    return close()
  }
}

class IdempotencyCache {
  static set(key, result, ttlSeconds) {
    return call(nothing, (slot) => results.set(slot, key, result, ttlSeconds, JSON.stringify))
  }

  static get(key) {
    return call(parsed, (slot) => results.get(slot, key))
  }

  static exists(key) {
    return call(asIs, (slot) => results.exists(slot, key))
  }

  static delete(key) {
    return call(nothing, (slot) => results.delete(slot, key))
  }

  static healthCheck() {
    return call(parsed, (slot) => results.healthCheck(slot))
  }
}

class FormCache {
  static set(key, formData, ttlSeconds) {
    return call(nothing, (slot) => forms.set(slot, key, formData, ttlSeconds, JSON.stringify))
  }

  static get(key) {
    return call(parsed, (slot) => forms.get(slot, key))
  }

  static isProcessing(key) {
    return call(asIs, (slot) => forms.isProcessing(slot, key))
  }

  static tryAcquireProcessing(key, formData, ttlSeconds) {
    return call(asIs, (slot) => forms.tryAcquireProcessing(slot, key, formData, ttlSeconds, JSON.stringify))
  }

  static markCompleted(key, ttlSeconds) {
    return call(nothing, (slot) => forms.markCompleted(slot, key, ttlSeconds))
  }

  static markFailed(key, ttlSeconds) {
    return call(nothing, (slot) => forms.markFailed(slot, key, ttlSeconds))
  }

  static delete(key) {
    return call(nothing, (slot) => forms.delete(slot, key))
  }

  static generateKey(eventId, guestEmail, startTime) {
    return callNow(() => binding.FormCache.generateKey(eventId, guestEmail, startTime))
  }

  static healthCheck() {
    return call(parsed, (slot) => forms.healthCheck(slot))
  }
}

class CustomerCache {
  static setCustomer(customerId, data, ttlSeconds) {
    return call(nothing, (slot) => customers.setCustomer(slot, customerId, data, ttlSeconds, JSON.stringify))
  }

  static getCustomer(customerId) {
    return call(parsed, (slot) => customers.getCustomer(slot, customerId))
  }

  static setUserMapping(userId, customerId, ttlSeconds) {
    return call(nothing, (slot) => customers.setUserMapping(slot, userId, customerId, ttlSeconds))
  }

  static getCustomerByUserId(userId) {
    return call(asIs, (slot) => customers.getCustomerByUserId(slot, userId))
  }

  static setEmailMapping(email, customerId, ttlSeconds) {
    return call(nothing, (slot) => customers.setEmailMapping(slot, email, customerId, ttlSeconds))
  }

  static getCustomerByEmail(email) {
    return call(asIs, (slot) => customers.getCustomerByEmail(slot, email))
  }

  static setSubscription(subscriptionId, data, ttlSeconds) {
    return call(nothing, (slot) =>
      customers.setSubscription(slot, subscriptionId, data, ttlSeconds, JSON.stringify),
    )
  }

  static getSubscription(subscriptionId) {
    return call(parsed, (slot) => customers.getSubscription(slot, subscriptionId))
  }

  static deleteCustomer(customerId, email, userId) {
    return call(nothing, (slot) => customers.deleteCustomer(slot, customerId, email, userId))
  }

  static healthCheck() {
    return call(parsed, (slot) => customers.healthCheck(slot))
  }
}

const redisManager = new RedisManager()

Object.defineProperty(module.exports, '__esModule', { value: true })
module.exports.default = redisManager
module.exports.redisManager = redisManager
module.exports.IdempotencyCache = IdempotencyCache
module.exports.FormCache = FormCache
module.exports.CustomerCache = CustomerCache
