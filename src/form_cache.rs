//! `FormCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Object, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{Submission, form_key, key_of_parts};
use redlatch_core::keys::FORM;

use crate::argument::{self, Stringify};
use crate::error::or_throw;
use crate::realm::{Realm, RealmState, Returned};

/// Form submissions.
#[napi]
pub struct FormCache {
    realm: Rc<RealmState>,
}

#[napi]
impl FormCache {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// Stores a submission.
    #[napi(catch_unwind)]
    pub fn set<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        form_data: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            let json = argument::json("formData", form_data, &stringify)?;
            let submission = Submission::from_json("formData", json)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.forms.set(&key, &submission, ttl).await })
        })
    }

    /// The JSON of the submission, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            Ok(async move { service.forms.get(&key).await })
        })
    }

    /// Whether the status is `processing`.
    #[napi(catch_unwind)]
    pub fn is_processing<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            Ok(async move { service.forms.is_processing(&key).await })
        })
    }

    /// Claims the submission.
    #[napi(catch_unwind)]
    pub fn try_acquire_processing<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        form_data: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            let json = argument::json("formData", form_data, &stringify)?;
            let submission = Submission::processing_from_json("formData", &json)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.forms.try_acquire_processing(&key, &submission, ttl).await })
        })
    }

    /// Sets the status to `completed`.
    #[napi(catch_unwind)]
    pub fn mark_completed<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.forms.mark_completed(&key, ttl).await })
        })
    }

    /// Sets the status to `failed`.
    #[napi(catch_unwind)]
    pub fn mark_failed<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.forms.mark_failed(&key, ttl).await })
        })
    }

    /// Gives the submission a new TTL.
    #[napi(catch_unwind)]
    pub fn extend<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            let ttl = argument::optional_ttl("ttlSeconds", ttl_seconds)?;
            Ok(async move { service.forms.extend(&key, ttl).await })
        })
    }

    /// Removes the submission.
    #[napi(catch_unwind)]
    pub fn delete<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = argument::key(FORM, "key", key)?;
            Ok(async move { service.forms.delete(&key).await })
        })
    }

    /// A key of any parts.
    #[napi(catch_unwind)]
    pub fn key(env: &Env, parts: Object<'_>) -> napi::Result<String> {
        or_throw(env, || {
            let key = key_of_parts(&argument::texts("parts", parts)?);
            // Refused here, where it is made, and not by the first call that gets it.
            FORM.key("parts", &key)?;
            Ok(key)
        })
    }

    /// The key of a booking.
    #[napi(catch_unwind)]
    pub fn generate_key(
        env: &Env,
        event_id: Unknown<'_>,
        guest_email: Unknown<'_>,
        start_time: Unknown<'_>,
    ) -> napi::Result<String> {
        or_throw(env, || {
            Ok(form_key(
                &argument::lossy_text("eventId", event_id)?,
                &argument::lossy_text("guestEmail", guest_email)?,
                &argument::lossy_text("startTime", start_time)?,
            ))
        })
    }

    /// `{ status, message }` as JSON.
    #[napi(catch_unwind)]
    pub fn health_check<'e>(&self, env: &'e Env, slot: u32) -> Returned<'e> {
        self.realm.call(env, slot, |service| Ok(async move { Ok(service.health().await.to_short_json()) }))
    }
}
