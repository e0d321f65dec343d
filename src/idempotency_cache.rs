//! `IdempotencyCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::Outcome;
use redlatch_core::keys::IDEMPOTENCY;

use crate::argument::{self, Stringify};
use crate::realm::{Answer, Realm, RealmState};

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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(IDEMPOTENCY, "key", key)?,
                Outcome::from_json("result", argument::json("result", result, &stringify)?)?,
                argument::optional_ttl("ttlSeconds", ttl_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, result, ttl)| async move {
            handle.idempotency.set(&key, &result, ttl).await
        })
    }

    /// The JSON of the result, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(IDEMPOTENCY, "key", key);
        self.realm.call(env, slot, arguments, |handle, key| async move { handle.idempotency.get(&key).await })
    }

    /// Whether there is a result.
    #[napi(catch_unwind)]
    pub fn exists<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(IDEMPOTENCY, "key", key);
        self.realm.call(
            env,
            slot,
            arguments,
            |handle, key| async move { handle.idempotency.exists(&key).await },
        )
    }

    /// Forgets the result.
    #[napi(catch_unwind)]
    pub fn delete<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(IDEMPOTENCY, "key", key);
        self.realm.call(
            env,
            slot,
            arguments,
            |handle, key| async move { handle.idempotency.delete(&key).await },
        )
    }

    /// `{ status, message }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'e>(&self, env: &'e Env, slot: u32) -> Answer<'e> {
        self.realm.call(
            env,
            slot,
            || Ok(()),
            |handle, ()| async move { Ok(handle.health().await.to_short_json()) },
        )
    }
}
