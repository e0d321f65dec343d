//! The store of `redlatch/express-session`.

#![expect(clippy::too_many_arguments, reason = "of `set`: napi's two, and what the caller and the face give")]

use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::ExpressOptions;
use redlatch_core::keys::Key;

use crate::argument::{self, Property, Stringify};
use crate::error::or_throw;
use crate::express_options::{self, lifetime};
use crate::realm::{Realm, RealmState, Returned};

/// The sessions of one store of express-session.
#[napi]
pub struct ExpressSession {
    realm: Rc<RealmState>,
    options: Arc<ExpressOptions>,
}

impl ExpressSession {
    fn key(&self, sid: Unknown<'_>) -> argument::Result<Key> {
        Ok(self.options.key(&argument::text("sid", sid)?)?)
    }
}

#[napi]
impl ExpressSession {
    /// The sessions of `options` for `realm`. `store` is the class that the face extends.
    #[napi(constructor)]
    pub fn new<'e>(
        env: &'e Env,
        realm: &Realm,
        store: Unknown<'e>,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> napi::Result<Self> {
        let options = or_throw(env, || {
            argument::function("session.Store", store)?;
            express_options::read(options, &property)
        })?;
        Ok(Self { realm: realm.state(), options: Arc::new(options) })
    }

    /// The session as JSON, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, sid: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(sid)?;
            Ok(async move { service.express_sessions.get(&key).await })
        })
    }

    /// Stores a session.
    #[napi(catch_unwind)]
    pub fn set<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        sid: Unknown<'e>,
        session: Unknown<'e>,
        seconds: Unknown<'e>,
        expires: Option<f64>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(sid)?;
            let session = argument::json("session", session, &stringify)?;
            let lifetime = lifetime(seconds, expires)?;
            let options = Arc::clone(&self.options);
            Ok(async move { service.express_sessions.store(&options, &key, &session, lifetime).await })
        })
    }

    /// Ends a session.
    #[napi(catch_unwind)]
    pub fn destroy<'e>(&self, env: &'e Env, slot: u32, sid: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = self.key(sid)?;
            Ok(async move { service.express_sessions.destroy(&key).await })
        })
    }

    /// Renews the TTL.
    #[napi(catch_unwind)]
    pub fn touch<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        sid: Unknown<'e>,
        seconds: Unknown<'e>,
        expires: Option<f64>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let (key, lifetime) = (self.key(sid)?, lifetime(seconds, expires)?);
            let options = Arc::clone(&self.options);
            Ok(async move { service.express_sessions.renew(&options, &key, lifetime).await })
        })
    }

    /// `[[sid, session], ..]` as JSON.
    #[napi(catch_unwind)]
    pub fn all<'e>(&self, env: &'e Env, slot: u32) -> Returned<'e> {
        let options = Arc::clone(&self.options);
        self.realm
            .call(env, slot, |service| Ok(async move { service.express_sessions.all(&options.prefix).await }))
    }

    /// Removes all sessions.
    #[napi(catch_unwind)]
    pub fn clear<'e>(&self, env: &'e Env, slot: u32) -> Returned<'e> {
        let options = Arc::clone(&self.options);
        self.realm.call(env, slot, |service| {
            Ok(async move { service.express_sessions.clear(&options.prefix).await })
        })
    }
}
