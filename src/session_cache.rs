//! `SessionCache`.

#![expect(clippy::too_many_arguments, reason = "every method takes the environment and its slot, too")]

use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{SessionChange, SessionData, SessionOptions};

use crate::argument::{self, Elements, Property, Stringify};
use crate::error::or_throw;
use crate::realm::{Realm, RealmState, Returned};
use crate::session_options;

/// The sessions of one set of options.
#[napi]
pub struct SessionCache {
    realm: Rc<RealmState>,
    options: Arc<SessionOptions>,
}

/// An id, which comes from a cookie: whatever it is, it is no mistake of the caller's.
fn id(name: &str, value: Unknown<'_>) -> argument::Result<String> {
    argument::lossy_text(name, value)
}

#[napi]
impl SessionCache {
    /// The sessions of `options` for `realm`.
    #[napi(constructor)]
    pub fn new<'e>(
        env: &'e Env,
        realm: &Realm,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> napi::Result<Self> {
        let options = or_throw(env, || session_options::read(options, &property))?;
        Ok(Self { realm: realm.state(), options: Arc::new(options) })
    }

    /// `{ id, session }` as JSON.
    #[napi(catch_unwind)]
    pub fn create<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        data: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let data = SessionData::from_json("data", argument::json("data", data, &stringify)?)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.create(&options, &data).await })
        })
    }

    /// The session as JSON, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        session_id: Unknown<'e>,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let id = id("id", session_id)?;
            let (touches, user_id) = session_options::read_get(options, &property)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.get(&options, &id, touches, user_id.as_deref()).await })
        })
    }

    /// Changes some fields, and removes those that are undefined; the session as JSON, or `null`.
    #[napi(catch_unwind)]
    pub fn update<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        session_id: Unknown<'e>,
        change: Unknown<'e>,
        stringify: Stringify<'e>,
        undefined_names: Elements<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let id = id("id", session_id)?;
            let json = argument::json("change", change, &stringify)?;
            let removed = argument::names("change", change, &undefined_names)?;
            let change = SessionChange::from_json("change", &json, removed)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.update(&options, &id, &change).await })
        })
    }

    /// `[basis, data, spent, mayBeOutdated]` for a change, as JSON, or `null`.
    #[napi(catch_unwind)]
    pub fn begin_change<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        session_id: Unknown<'e>,
        reads: bool,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let id = id("id", session_id)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.begin_change(&options, &id, reads).await })
        })
    }

    /// `{ session }` or `{ next: [basis, data, spent, mayBeOutdated] }` as JSON, or `null`.
    #[napi(catch_unwind)]
    pub fn change<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        session_id: Unknown<'e>,
        basis: String,
        data: Unknown<'e>,
        spent: u32,
        tries: u32,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let id = id("id", session_id)?;
            let data = argument::json("data", data, &stringify)?;
            let options = Arc::clone(&self.options);
            Ok(async move {
                let changed =
                    service.sessions.change(&options, &id, (&basis, &data), (spent.into(), tries)).await?;
                Ok(changed.to_json())
            })
        })
    }

    /// Renews the idle time.
    #[napi(catch_unwind)]
    pub fn touch<'e>(&self, env: &'e Env, slot: u32, session_id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let id = id("id", session_id)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.touch(&options, &id).await })
        })
    }

    /// The new id, or `null`.
    #[napi(catch_unwind)]
    pub fn rotate<'e>(&self, env: &'e Env, slot: u32, session_id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let id = id("id", session_id)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.rotate(&options, &id).await })
        })
    }

    /// Ends a session.
    #[napi(catch_unwind)]
    pub fn destroy<'e>(&self, env: &'e Env, slot: u32, session_id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let id = id("id", session_id)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.destroy(&options, &id).await })
        })
    }

    /// Ends the sessions of a user.
    #[napi(catch_unwind)]
    pub fn destroy_all<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        user_id: Unknown<'e>,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let user_id = argument::non_empty_text("userId", user_id)?;
            let except = session_options::read_except(options, &property)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.destroy_all(&options, &user_id, except.as_deref()).await })
        })
    }

    /// The sessions of a user as JSON.
    #[napi(catch_unwind)]
    pub fn list<'e>(&self, env: &'e Env, slot: u32, user_id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let user_id = argument::non_empty_text("userId", user_id)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.sessions.list(&options, &user_id).await })
        })
    }
}
