//! The storage of `redlatch/better-auth`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::keys::{BETTER_AUTH, Key};

use crate::argument::{self, OptionsObject, Property};
use crate::error::or_throw;
use crate::realm::{Realm, RealmState, Returned};

/// The secondary storage of better-auth.
#[napi]
pub struct BetterAuth {
    realm: Rc<RealmState>,
    prefix: String,
}

/// Reads `{ keyPrefix }`.
fn read_prefix(options: Unknown<'_>, property: &Property<'_>) -> argument::Result<String> {
    let given = OptionsObject::optional("options", options, property)?;
    let prefix = given.map(|given| {
        given.expect_only(&["keyPrefix"])?;
        given.get("keyPrefix", argument::optional_text)
    });
    Ok(prefix.transpose()?.flatten().unwrap_or_else(|| BETTER_AUTH.prefix.to_owned()))
}

impl BetterAuth {
    fn key(&self, name: Unknown<'_>) -> argument::Result<Key> {
        Ok(Key::prefixed("key", &self.prefix, &argument::text("key", name)?)?)
    }
}

#[napi]
impl BetterAuth {
    /// The storage of `options` for `realm`.
    #[napi(constructor)]
    pub fn new<'e>(
        env: &'e Env,
        realm: &Realm,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> napi::Result<Self> {
        let prefix = or_throw(env, || read_prefix(options, &property))?;
        Ok(Self { realm: realm.state(), prefix })
    }

    /// The text, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, name: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(name)?;
            Ok(async move { service.better_auth.get(&key).await })
        })
    }

    /// Stores a text.
    #[napi(catch_unwind)]
    pub fn set<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        name: Unknown<'e>,
        value: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(name)?;
            let value = argument::text("value", value)?;
            let ttl = argument::optional_number("ttl", ttl_seconds)?;
            Ok(async move { service.better_auth.set(&key, &value, ttl).await })
        })
    }

    /// Removes a text.
    #[napi(catch_unwind)]
    pub fn delete<'e>(&self, env: &'e Env, slot: u32, name: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(name)?;
            Ok(async move { service.better_auth.delete(&key).await })
        })
    }

    /// Takes a text; `null` if there is none.
    #[napi(catch_unwind)]
    pub fn get_and_delete<'e>(&self, env: &'e Env, slot: u32, name: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(name)?;
            Ok(async move { service.better_auth.get_and_delete(&key).await })
        })
    }

    /// Adds 1 to a counter.
    #[napi(catch_unwind)]
    pub fn increment<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        name: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(name)?;
            let ttl = argument::number("ttl", ttl_seconds)?;
            Ok(async move { service.better_auth.increment(&key, ttl).await })
        })
    }
}
