//! `FormCache`.

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{Submission, form_key};
use redlatch_core::keys::FORM;

use crate::argument::{self, Stringify};
use crate::error::Failure;
use crate::realm::{Answer, Realm, RealmState};

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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(FORM, "key", key)?,
                Submission::from_json("formData", argument::json("formData", form_data, &stringify)?)?,
                argument::optional_ttl("ttlSeconds", ttl_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, submission, ttl)| async move {
            handle.forms.set(&key, &submission, ttl).await
        })
    }

    /// The JSON of the submission, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(FORM, "key", key);
        self.realm.call(env, slot, arguments, |handle, key| async move { handle.forms.get(&key).await })
    }

    /// Whether the submission is being processed.
    #[napi(catch_unwind)]
    pub fn is_processing<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(FORM, "key", key);
        self.realm.call(
            env,
            slot,
            arguments,
            |handle, key| async move { handle.forms.is_processing(&key).await },
        )
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
    ) -> Answer<'e> {
        let arguments = || {
            Ok((
                argument::key(FORM, "key", key)?,
                Submission::processing_from_json(
                    "formData",
                    &argument::json("formData", form_data, &stringify)?,
                )?,
                argument::optional_ttl("ttlSeconds", ttl_seconds)?,
            ))
        };
        self.realm.call(env, slot, arguments, |handle, (key, submission, ttl)| async move {
            handle.forms.try_acquire_processing(&key, &submission, ttl).await
        })
    }

    /// Marks the submission as completed.
    #[napi(catch_unwind)]
    pub fn mark_completed<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Answer<'e> {
        let arguments =
            || Ok((argument::key(FORM, "key", key)?, argument::optional_ttl("ttlSeconds", ttl_seconds)?));
        self.realm.call(env, slot, arguments, |handle, (key, ttl)| async move {
            handle.forms.mark_completed(&key, ttl).await
        })
    }

    /// Marks the submission as failed.
    #[napi(catch_unwind)]
    pub fn mark_failed<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
    ) -> Answer<'e> {
        let arguments =
            || Ok((argument::key(FORM, "key", key)?, argument::optional_ttl("ttlSeconds", ttl_seconds)?));
        self.realm.call(env, slot, arguments, |handle, (key, ttl)| async move {
            handle.forms.mark_failed(&key, ttl).await
        })
    }

    /// Forgets the submission.
    #[napi(catch_unwind)]
    pub fn delete<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Answer<'e> {
        let arguments = || argument::key(FORM, "key", key);
        self.realm.call(env, slot, arguments, |handle, key| async move { handle.forms.delete(&key).await })
    }

    /// The key of a submission.
    #[napi(catch_unwind)]
    pub fn generate_key(
        env: &Env,
        event_id: Unknown<'_>,
        guest_email: Unknown<'_>,
        start_time: Unknown<'_>,
    ) -> napi::Result<String> {
        let key = || {
            Ok(form_key(
                &argument::lossy_text("eventId", event_id)?,
                &argument::lossy_text("guestEmail", guest_email)?,
                &argument::lossy_text("startTime", start_time)?,
            ))
        };
        key().map_err(|failure: Failure| failure.throw(env))
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
