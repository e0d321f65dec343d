//! `RateLimitCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::keys::{Key, RATE_LIMIT, Ttl};

use crate::argument;
use crate::realm::{Realm, RealmState, Returned};

/// Attempts by key.
#[napi]
pub struct RateLimitCache {
    realm: Rc<RealmState>,
}

fn read(key: Unknown<'_>, window_seconds: Unknown<'_>) -> argument::Result<(Key, Option<Ttl>)> {
    let key = argument::key(RATE_LIMIT, "key", key)?;
    Ok((key, argument::optional_ttl("windowSeconds", window_seconds)?))
}

#[napi]
impl RateLimitCache {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// `{ allowed, remaining, resetTime, totalHits }` as JSON.
    #[napi(catch_unwind)]
    pub fn check_rate_limit<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        max_attempts: Unknown<'e>,
        window_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (key, window) = read(key, window_seconds)?;
            let most = argument::count("maxAttempts", max_attempts)?;
            Ok(async move { Ok(service.attempts.count(&key, window).await?.check_json(most)) })
        })
    }

    /// Adds an attempt.
    #[napi(catch_unwind)]
    pub fn record_attempt<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        window_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (key, window) = read(key, window_seconds)?;
            Ok(async move { service.attempts.record(&key, window).await })
        })
    }

    /// Removes all attempts.
    #[napi(catch_unwind)]
    pub fn reset_rate_limit<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(RATE_LIMIT, "key", key)?;
            Ok(async move { service.attempts.reset(&key).await })
        })
    }

    /// `{ attempts, remaining, resetTime, blocked }` as JSON.
    #[napi(catch_unwind)]
    pub fn get_rate_limit_status<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        max_attempts: Unknown<'e>,
        window_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (key, window) = read(key, window_seconds)?;
            let most = argument::count("maxAttempts", max_attempts)?;
            Ok(async move { Ok(service.attempts.count(&key, window).await?.status_json(most)) })
        })
    }
}
