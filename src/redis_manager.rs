//! `RedisManager`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::json::array as json_array;
use redlatch_core::keys::Expiry;
use redlatch_core::store::Store;

use crate::argument::{self, MetricsFormat};
use crate::realm::{Answer, Realm, RealmState};

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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::plain_key("key", key)?,
                argument::text("value", value)?,
                argument::optional_ttl("expirationSeconds", expiration_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, value, ttl)| async move {
            handle.store.set(&key, &value, ttl.map_or(Expiry::Never, Expiry::After)).await
        })
    }

    /// The value, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::plain_key("key", key);
        self.realm.call(env, slot, arguments, |handle, key| async move { handle.store.get(&key).await })
    }

    /// Removes a key.
    #[napi(catch_unwind)]
    pub fn del<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::plain_key("key", key);
        self.realm.call(env, slot, arguments, |handle, key| async move {
            handle.store.delete(&[key]).await.map(drop)
        })
    }

    /// Whether the key is there.
    #[napi(catch_unwind)]
    pub fn exists<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::plain_key("key", key);
        self.realm.call(env, slot, arguments, |handle, key| async move { handle.store.exists(&key).await })
    }

    /// Stores a value unless the key is there.
    #[napi(catch_unwind)]
    pub fn set_nx<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        value: Unknown<'e>,
        expiration_seconds: Unknown<'e>,
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::plain_key("key", key)?,
                argument::text("value", value)?,
                argument::ttl("expirationSeconds", expiration_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, value, ttl)| async move {
            handle.store.set_if_absent(&key, &value, ttl).await
        })
    }

    /// Adds to a counter.
    #[napi(catch_unwind)]
    pub fn incr<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>, increment: Unknown<'e>) -> Answer<'e> {
        let arguments =
            || Ok((argument::plain_key("key", key)?, argument::increment("increment", increment)?));
        self.realm.call(env, slot, arguments, |handle, (key, by)| async move {
            handle.store.increment(&key, by).await
        })
    }

    /// Gives a key a new TTL.
    #[napi(catch_unwind)]
    pub fn expire<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>, seconds: Unknown<'e>) -> Answer<'e> {
        let arguments = || Ok((argument::plain_key("key", key)?, argument::ttl("seconds", seconds)?));
        self.realm.call(env, slot, arguments, |handle, (key, ttl)| async move {
            handle.store.expire(&key, ttl).await
        })
    }

    /// A JSON array of the values or `null`.
    #[napi(catch_unwind)]
    pub fn mget<'e>(&self, env: &'e Env, slot: u32, keys: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::plain_keys("keys", keys);
        self.realm.call(env, slot, arguments, |handle, keys| async move {
            handle.store.get_many(&keys).await.map(|values| json_array(&values))
        })
    }

    /// Stores a value until a moment.
    #[napi(catch_unwind)]
    pub fn set_with_timestamp<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        value: Unknown<'e>,
        expires_at: Unknown<'e>,
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::plain_key("key", key)?,
                argument::text("value", value)?,
                argument::moment("expiresAt", expires_at)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, value, expiry)| async move {
            handle.store.set(&key, &value, expiry).await
        })
    }

    /// `{ status, responseTime, mode, message, error? }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'e>(&self, env: &'e Env, slot: u32) -> Answer<'e> {
        self.realm.call(env, slot, || Ok(()), |handle, ()| async move { Ok(handle.health().await.to_json()) })
    }

    /// `{ isRedisAvailable, inMemoryCacheSize, cacheType }` as JSON.
    #[napi(catch_unwind)]
    pub fn get_cache_stats(&self, env: &Env) -> napi::Result<String> {
        self.realm.with_handle(env, |handle| handle.stats().to_json())
    }
    /// What has been counted and measured, as JSON or, if `prometheus`, as text.
    #[napi(catch_unwind)]
    pub fn get_metrics(&self, env: &Env, options: Unknown<'_>) -> napi::Result<String> {
        let format = argument::metrics_format(options).map_err(|failure| failure.throw(env))?;
        self.realm.with_handle(env, |handle| match format {
            MetricsFormat::Json => handle.report().to_json(),
            MetricsFormat::Prometheus => handle.report().to_prometheus(),
        })
    }

    /// Waits until Redis has been told of everything, and returns how many writes it has not.
    #[napi(catch_unwind)]
    pub fn drain<'e>(&self, env: &'e Env, slot: u32, timeout_ms: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::timeout("timeoutMs", timeout_ms);
        self.realm.call(env, slot, arguments, |handle, timeout| async move {
            Ok(i64::try_from(handle.drain(timeout).await).unwrap_or(i64::MAX))
        })
    }
}
