//! The store of `redlatch/express-session`.

#![expect(clippy::too_many_arguments, reason = "the three of the caller, and what every call has")]

use std::rc::Rc;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::keys::Key;

use crate::argument::{self, Stringify};
use crate::realm::{Realm, RealmState, Returned};

/// Sessions of express-session.
#[napi]
pub struct ExpressSession {
    realm: Rc<RealmState>,
}

fn key(prefix: &str, id: Unknown<'_>) -> argument::Result<Key> {
    Ok(Key::prefixed("sid", prefix, &argument::text("sid", id)?)?)
}

#[napi]
impl ExpressSession {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// The session as JSON, or `null`.
    #[napi(catch_unwind)]
    pub fn get<'e>(&self, env: &'e Env, slot: u32, prefix: String, sid: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, sid)?;
            Ok(async move { service.express_sessions.get(&key).await })
        })
    }

    /// Stores a session.
    #[napi(catch_unwind)]
    pub fn set<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        prefix: String,
        sid: Unknown<'e>,
        session: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        stringify: Stringify<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, sid)?;
            let session = argument::json("session", session, &stringify)?;
            let ttl = argument::ttl("ttl", ttl_seconds)?;
            Ok(async move { service.express_sessions.set(&key, &session, ttl).await })
        })
    }

    /// Ends a session.
    #[napi(catch_unwind)]
    pub fn destroy<'e>(&self, env: &'e Env, slot: u32, prefix: String, sid: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, sid)?;
            Ok(async move { service.express_sessions.destroy(&key).await })
        })
    }

    /// Renews the TTL.
    #[napi(catch_unwind)]
    pub fn touch<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        prefix: String,
        sid: Unknown<'e>,
        ttl_seconds: Unknown<'e>,
        touch_every_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let key = key(&prefix, sid)?;
            let ttl = argument::ttl("ttl", ttl_seconds)?;
            let every = argument::ttl("touchEverySeconds", touch_every_seconds)?;
            Ok(async move { service.express_sessions.touch(&key, ttl, every).await })
        })
    }

    /// `[[sid, session], ..]` as JSON.
    #[napi(catch_unwind)]
    pub fn all<'e>(&self, env: &'e Env, slot: u32, prefix: String) -> Returned<'e> {
        self.realm.call(env, slot, |service| Ok(async move { service.express_sessions.all(&prefix).await }))
    }

    /// Removes all sessions.
    #[napi(catch_unwind)]
    pub fn clear<'e>(&self, env: &'e Env, slot: u32, prefix: String) -> Returned<'e> {
        self.realm.call(env, slot, |service| Ok(async move { service.express_sessions.clear(&prefix).await }))
    }
}
