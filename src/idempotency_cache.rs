//! `IdempotencyCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::CachedResult;
use redlatch_core::keys::{IDEMPOTENCY, IDEMPOTENCY_RUN};

use crate::argument::{self, Stringify};
use crate::realm::{Realm, RealmState, Returned};

/// Results of API requests.
#[napi]
pub struct IdempotencyCache {
    realm: Rc<RealmState>,
}

#[napi]
impl IdempotencyCache {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// Stores the result of a request.
    #[napi(catch_unwind)]
    pub fn set<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        result: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(IDEMPOTENCY, "key", key)?;
            let json = argument::json("result", result, &stringify)?;
            let result = CachedResult::from_json("result", json)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.idempotency.set(&key, &result, ttl).await })
        })
    }

    /// The JSON of the result, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(IDEMPOTENCY, "key", key)?;
            Ok(async move { service.idempotency.get(&key).await })
        })
    }

    /// Whether there is a result.
    #[napi(catch_unwind)]
    pub fn exists<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(IDEMPOTENCY, "key", key)?;
            Ok(async move { service.idempotency.exists(&key).await })
        })
    }

    /// Removes the result.
    #[napi(catch_unwind)]
    pub fn delete<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let name = argument::text("key", key)?;
            let key = IDEMPOTENCY.key("key", &name)?;
            let run = IDEMPOTENCY_RUN.key("key", &name).ok();
            Ok(async move { service.idempotency.delete(key, run).await })
        })
    }

    /// `{ status, message }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'e>(&self, env: &'e Env, slot: u32) -> Returned<'e> {
        self.realm.call(env, slot, |service| Ok(async move { Ok(service.health().await.to_short_json()) }))
    }
}
