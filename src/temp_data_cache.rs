//! `TempDataCache`.

#![expect(clippy::too_many_arguments, reason = "the caller's, and the face's functions that read them")]

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{CodeOptions, TempData, TempKey, TempKind};

use crate::argument::{self, OptionsObject, Property, Stringify};
use crate::realm::{Realm, RealmState, Returned};

/// One-time data.
#[napi]
pub struct TempDataCache {
    realm: Rc<RealmState>,
}

/// What `createCode` takes, and `verifyCode`.
const CREATE_OPTIONS: [&str; 4] = ["digits", "ttlSeconds", "attempts", "secret"];
const VERIFY_OPTIONS: [&str; 1] = ["secret"];

fn kind_of(kind: Unknown<'_>) -> argument::Result<TempKind> {
    Ok(TempKind::new(argument::text("kind", kind)?)?)
}

fn key_of(kind: Unknown<'_>, id: Unknown<'_>) -> argument::Result<TempKey> {
    Ok(kind_of(kind)?.key(&argument::text("id", id)?)?)
}

fn data_of<'e>(data: Unknown<'e>, stringify: &Stringify<'e>) -> argument::Result<TempData> {
    Ok(TempData::from_json("data", argument::json("data", data, stringify)?)?)
}

fn secret(path: &str, value: Unknown<'_>) -> argument::Result<Option<String>> {
    let secret = argument::optional_text(path, value)?;
    Ok(secret.map(|secret| CodeOptions::secret(path, secret)).transpose()?)
}

fn code_options(given: &OptionsObject<'_, '_>) -> argument::Result<CodeOptions> {
    given.expect_only(&CREATE_OPTIONS)?;
    let number = |option, convert: fn(&str, f64) -> redlatch_core::Result<u32>| {
        given.get(option, |path, value| {
            Ok(argument::optional_number(path, value)?.map(|number| convert(path, number)).transpose()?)
        })
    };
    let default = CodeOptions::default();
    Ok(CodeOptions {
        digits: number("digits", CodeOptions::digits)?.unwrap_or(default.digits),
        attempts: number("attempts", CodeOptions::attempts)?.unwrap_or(default.attempts),
        ttl: given.get("ttlSeconds", argument::optional_ttl)?,
        secret: given.get("secret", secret)?,
    })
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
            let key = key_of(kind, id)?;
            Ok(async move { service.temp.peek(&key).await })
        })
    }

    /// The JSON of the data, which is gone then, or `null`.
    #[napi(catch_unwind)]
    pub fn take<'e>(&self, env: &'e Env, slot: u32, kind: Unknown<'e>, id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key_of(kind, id)?;
            Ok(async move { service.temp.take(&key).await })
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
            let given = OptionsObject::optional("options", options, &property)?;
            let options = given.as_ref().map(code_options).transpose()?.unwrap_or_default();
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
            let (key, code) = (key_of(kind, id)?, argument::text("code", code)?);
            let secret = match OptionsObject::optional("options", options, &property)? {
                Some(given) => {
                    given.expect_only(&VERIFY_OPTIONS)?;
                    given.get("secret", secret)?
                }
                None => None,
            };
            Ok(async move { Ok(service.temp.verify_code(&key, &code, secret.as_deref()).await?.to_json()) })
        })
    }
}
