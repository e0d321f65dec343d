//! `RedisManager`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::json::array as json_array;
use redlatch_core::keys::Expiry;
use redlatch_core::store::Store;

use crate::argument::{self, Elements, MetricsFormat, Property};
use crate::error::or_throw;
use crate::realm::{Realm, RealmState, Returned};

/// String keys with TTLs.
#[napi]
pub struct RedisManager {
    realm: Rc<RealmState>,
}

#[napi]
impl RedisManager {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// Stores a value, with a TTL or for good.
    #[napi(catch_unwind)]
    pub fn set<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        value: Unknown<'e>,
        expiration_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            let value = argument::text("value", value)?;
            let ttl = argument::optional_ttl("expirationSeconds", expiration_seconds)?;
            Ok(async move { service.store.set(&key, &value, ttl.map_or(Expiry::Never, Expiry::After)).await })
        })
    }

    /// The value, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            Ok(async move { service.store.get(&key).await })
        })
    }

    /// Removes a key.
    #[napi(catch_unwind)]
    pub fn del<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            Ok(async move { service.store.delete(&[key]).await.map(drop) })
        })
    }

    /// Whether a key exists.
    #[napi(catch_unwind)]
    pub fn exists<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            Ok(async move { service.store.exists(&key).await })
        })
    }

    /// Stores a value unless the key exists.
    #[napi(catch_unwind)]
    pub fn set_nx<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        value: Unknown<'e>,
        expiration_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            let value = argument::text("value", value)?;
            let ttl = argument::ttl("expirationSeconds", expiration_seconds)?;
            Ok(async move { service.store.set_if_absent(&key, &value, ttl).await })
        })
    }

    /// Adds to a counter.
    #[napi(catch_unwind)]
    pub fn incr<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        increment: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            let by = argument::increment("increment", increment)?;
            Ok(async move { service.store.increment(&key, by).await })
        })
    }

    /// Gives a key a new TTL.
    #[napi(catch_unwind)]
    pub fn expire<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            let ttl = argument::ttl("seconds", seconds)?;
            Ok(async move { service.store.expire(&key, ttl).await })
        })
    }

    /// The JSON array of the values.
    #[napi(catch_unwind)]
    pub fn mget<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        keys: Unknown<'e>,
        elements: Elements<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let keys = argument::plain_keys("keys", keys, &elements)?;
            Ok(async move { service.store.get_many(&keys).await.map(|values| json_array(&values)) })
        })
    }

    /// Stores a value until a time.
    #[napi(catch_unwind)]
    pub fn set_with_timestamp<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        value: Unknown<'e>,
        expires_at: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::plain_key("key", key)?;
            let value = argument::text("value", value)?;
            let expiry = argument::expires_at("expiresAt", expires_at)?;
            Ok(async move { service.store.set(&key, &value, expiry).await })
        })
    }

    /// `{ status, responseTime, mode, message, error?, code? }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'e>(&self, env: &'e Env, slot: u32) -> Returned<'e> {
        self.realm.call(env, slot, |service| Ok(async move { Ok(service.health().await.to_json()) }))
    }

    /// Waits until all writes buffered during an outage are replayed; the number still pending.
    #[napi(catch_unwind)]
    pub fn drain<'e>(&self, env: &'e Env, slot: u32, timeout_ms: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let timeout = argument::drain_timeout("timeoutMs", timeout_ms)?;
            Ok(async move { Ok(i64::try_from(service.drain(timeout).await).unwrap_or(i64::MAX)) })
        })
    }

    /// `{ isRedisAvailable, inMemoryCacheSize, cacheType }` as JSON.
    #[napi(catch_unwind)]
    pub fn get_cache_stats(&self, env: &Env) -> napi::Result<String> {
        or_throw(env, || Ok(self.realm.service()?.stats().to_json()))
    }

    /// The metrics, as JSON or as text for Prometheus.
    #[napi(catch_unwind)]
    pub fn get_metrics<'e>(
        &self,
        env: &'e Env,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> napi::Result<String> {
        or_throw(env, || {
            // The service comes first: a getter can call `close`.
            let service = self.realm.service()?;
            let format = argument::metrics_format(options, &property)?;
            let report = service.report();
            Ok(match format {
                MetricsFormat::Json => report.to_json(),
                MetricsFormat::Prometheus => report.to_prometheus(),
            })
        })
    }
}
