//! `TempDataCache`.

#![expect(
    clippy::too_many_arguments,
    reason = "of `createCode`: napi's two, and what the caller and the face give"
)]

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{TempData, TempKey, TempKind};

use crate::argument::{self, Property, Stringify};
use crate::code_options;
use crate::realm::{Realm, RealmState, Returned};

/// One-time data.
#[napi]
pub struct TempDataCache {
    realm: Rc<RealmState>,
}

fn kind_of(kind: Unknown<'_>) -> argument::Result<TempKind> {
    Ok(TempKind::new(argument::text("kind", kind)?)?)
}

fn key_of(kind: Unknown<'_>, id: Unknown<'_>) -> argument::Result<TempKey> {
    Ok(kind_of(kind)?.key(&argument::text("id", id)?)?)
}

/// An id that is to be found comes from a link or a form: whatever it is, it is no mistake of the caller's.
fn id_to_find(id: Unknown<'_>) -> argument::Result<String> {
    argument::lossy_text("id", id)
}

fn data_of<'e>(data: Unknown<'e>, stringify: &Stringify<'e>) -> argument::Result<TempData> {
    Ok(TempData::from_json("data", argument::json("data", data, stringify)?)?)
}

#[napi]
impl TempDataCache {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// Stores data.
    #[napi(catch_unwind)]
    pub fn put<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        kind: Unknown<'e>,
        id: Unknown<'e>,
        data: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (key, data) = (key_of(kind, id)?, data_of(data, &stringify)?);
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.temp.put(&key, &data, ttl).await })
        })
    }

    /// The JSON of the data, which stays, or `null`.
    #[napi(catch_unwind)]
    pub fn peek<'e>(&self, env: &'e Env, slot: u32, kind: Unknown<'e>, id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (kind, id) = (kind_of(kind)?, id_to_find(id)?);
            Ok(async move { service.temp.peek(&kind, &id).await })
        })
    }

    /// The JSON of the data, which is gone then, or `null`.
    #[napi(catch_unwind)]
    pub fn take<'e>(&self, env: &'e Env, slot: u32, kind: Unknown<'e>, id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (kind, id) = (kind_of(kind)?, id_to_find(id)?);
            Ok(async move { service.temp.take(&kind, &id).await })
        })
    }

    /// Removes data or a code.
    #[napi(catch_unwind)]
    pub fn delete<'e>(&self, env: &'e Env, slot: u32, kind: Unknown<'e>, id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key_of(kind, id)?;
            Ok(async move { service.temp.delete(&key).await })
        })
    }

    /// Stores data under a new token, and resolves to that.
    #[napi(catch_unwind)]
    pub fn create_token<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        kind: Unknown<'e>,
        data: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let kind = kind_of(kind)?;
            let data = data_of(data, &stringify)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.temp.create_token(&kind, &data, ttl).await })
        })
    }

    /// Stores data under a new code, and resolves to that.
    #[napi(catch_unwind)]
    pub fn create_code<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        kind: Unknown<'e>,
        id: Unknown<'e>,
        data: Unknown<'e>,
        options: Unknown<'e>,
        stringify: Stringify<'e>,
        property: Property<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (key, data) = (key_of(kind, id)?, data_of(data, &stringify)?);
            let options = code_options::read(options, &property)?;
            Ok(async move { service.temp.create_code(&key, &data, &options).await })
        })
    }

    /// `{ ok: true, data }` or `{ ok: false, reason, attemptsLeft }` as JSON.
    #[napi(catch_unwind)]
    pub fn verify_code<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        kind: Unknown<'e>,
        id: Unknown<'e>,
        code: Unknown<'e>,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (kind, id) = (kind_of(kind)?, id_to_find(id)?);
            let code = argument::lossy_text("code", code)?;
            let secret = code_options::read_secret(options, &property)?;
            Ok(async move {
                let verification = service.temp.verify_code((&kind, &id), &code, secret.as_deref()).await?;
                Ok(verification.to_json())
            })
        })
    }
}
