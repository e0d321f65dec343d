//! The storage of `redlatch/better-auth`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::keys::Key;

use crate::argument;
use crate::realm::{Realm, RealmState, Returned};

/// The secondary storage of better-auth.
#[napi]
pub struct BetterAuth {
    realm: Rc<RealmState>,
}

fn key(prefix: &str, key: Unknown<'_>) -> argument::Result<Key> {
    Ok(Key::prefixed("key", prefix, &argument::text("key", key)?)?)
}

#[napi]
impl BetterAuth {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// The text, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, prefix: String, name: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, name)?;
            Ok(async move { service.better_auth.get(&key).await })
        })
    }

    /// Stores a text.
    #[napi(catch_unwind)]
    pub fn set<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        prefix: String,
        name: Unknown<'e>,
        value: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, name)?;
            let value = argument::text("value", value)?;
            let ttl = argument::optional_number("ttl", ttl_seconds)?;
            Ok(async move { service.better_auth.set(&key, &value, ttl).await })
        })
    }

    /// Removes a text.
    #[napi(catch_unwind)]
    pub fn delete<'e>(&self, env: &'e Env, slot: u32, prefix: String, name: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, name)?;
            Ok(async move { service.better_auth.delete(&key).await })
        })
    }

    /// Takes a text; `null` if there is none.
    #[napi(catch_unwind)]
    pub fn get_and_delete<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        prefix: String,
        name: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, name)?;
            Ok(async move { service.better_auth.get_and_delete(&key).await })
        })
    }

    /// Adds 1 to a counter.
    #[napi(catch_unwind)]
    pub fn increment<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        prefix: String,
        name: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, name)?;
            let ttl = argument::number("ttl", ttl_seconds)?;
            Ok(async move { service.better_auth.increment(&key, ttl).await })
        })
    }
}
