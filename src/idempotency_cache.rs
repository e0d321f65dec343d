//! `IdempotencyCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::Outcome;
use redlatch_core::keys::IDEMPOTENCY;

use crate::argument;
use crate::realm::{Realm, RealmState};

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
    pub fn set<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        key: Unknown<'env>,
        result: Unknown<'static>,
        ttl_seconds: Unknown<'env>,
    ) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || {
                Ok((
                    argument::key(IDEMPOTENCY, "key", key)?,
                    Outcome::from_json("result", self.realm.json(env, "result", result)?)?,
                    argument::optional_ttl("ttlSeconds", ttl_seconds)?,
                ))
            },
            |handle, (key, result, ttl)| async move { handle.idempotency.set(&key, &result, ttl).await },
        )
    }

    /// The JSON of the result, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'env>(&self, env: &'env Env, slot: u32, key: Unknown<'env>) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || argument::key(IDEMPOTENCY, "key", key),
            |handle, key| async move { handle.idempotency.get(&key).await },
        )
    }

    /// Whether there is a result.
    #[napi(catch_unwind)]
    pub fn exists<'env>(&self, env: &'env Env, slot: u32, key: Unknown<'env>) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || argument::key(IDEMPOTENCY, "key", key),
            |handle, key| async move { handle.idempotency.exists(&key).await },
        )
    }

    /// Forgets the result.
    #[napi(catch_unwind)]
    pub fn delete<'env>(&self, env: &'env Env, slot: u32, key: Unknown<'env>) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || argument::key(IDEMPOTENCY, "key", key),
            |handle, key| async move { handle.idempotency.delete(&key).await },
        )
    }

    /// `{ status, message }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'env>(&self, env: &'env Env, slot: u32) -> napi::Result<Unknown<'env>> {
        self.realm.call(
            env,
            slot,
            || Ok(()),
            |handle, ()| async move { Ok(handle.health().await.to_short_json()) },
        )
    }
}
