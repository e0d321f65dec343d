//! `IdempotencyCache.run` and `withLock`, as far as they are not in the face, which calls the caller's work.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{LeaseEnd, LockKeys, Outcome, RunKeys, RunOptions};
use redlatch_core::config::Policy;
use redlatch_core::keys::Ttl;
use redlatch_core::store::Class;
use redlatch_core::{Error, ServiceStore};

use crate::argument::{self, OptionsObject, Property};
use crate::handle::Handle;
use crate::realm::{Realm, RealmState, Returned};

/// Runs and locks.
#[napi]
pub struct Runs {
    realm: Rc<RealmState>,
}

/// Options of a run or a lock, over the defaults of the core.
struct Given {
    options: RunOptions,
    policy: Option<Policy>,
}

impl Given {
    /// Reads the options that a run and a lock share.
    fn read(given: Option<&OptionsObject<'_, '_>>) -> argument::Result<Self> {
        let mut options = RunOptions::default();
        let Some(given) = given else { return Ok(Self { options, policy: None }) };
        if let Some(time) = given.get("leaseMs", optional_millis)? {
            options.lease = time;
        }
        if let Some(time) = given.get("maxRunMs", optional_millis)? {
            options.longest = Duration::from_millis(time.as_millis());
        }
        options.is_fenced = given.get("fencing", argument::optional_boolean)?.unwrap_or(false);
        Ok(Self { options, policy: given.get("onOutage", argument::optional_policy)? })
    }

    fn store(&self, service: &Handle) -> Arc<ServiceStore> {
        Arc::new(service.store.for_class(Class::Idempotency).with_policy(self.policy))
    }
}

/// A time in milliseconds that may be left out.
fn optional_millis(path: &str, value: Unknown<'_>) -> argument::Result<Option<Ttl>> {
    Ok(argument::optional_number(path, value)?.map(|millis| Ttl::from_millis(path, millis)).transpose()?)
}

/// Whether nobody runs again after a crash.
fn is_blocking(path: &str, value: Unknown<'_>) -> argument::Result<bool> {
    match argument::optional_text(path, value)?.as_deref() {
        None | Some("rerun") => Ok(false),
        Some("block") => Ok(true),
        Some(_) => Err(Error::invalid_value(path, "must be \"rerun\" or \"block\"").into()),
    }
}

#[napi]
impl Runs {
    /// The class for `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm) -> Self {
        Self { realm: realm.state() }
    }

    /// Begins a run, or tells how the one that is there stands; as JSON.
    #[napi(catch_unwind)]
    pub fn begin<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        key: Unknown<'e>,
        fingerprint: Unknown<'e>,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let keys = RunKeys::new("key", &argument::text("key", key)?)?;
            let object = OptionsObject::optional("options", options, &property)?;
            let mut given = Given::read(object.as_ref())?;
            given.options.fingerprint = argument::text("options.fingerprint", fingerprint)?;
            if let Some(object) = object {
                if let Some(ttl) = object.get("ttlSeconds", argument::optional_ttl)? {
                    given.options.ttl = ttl;
                }
                given.options.is_blocking = object.get("onCrash", is_blocking)?;
            }
            let store = given.store(&service);
            Ok(async move { Ok(service.runs.begin(store, &keys, given.options).await?.to_json()) })
        })
    }

    /// Takes a lock, or tells to wait; as JSON.
    #[napi(catch_unwind)]
    pub fn lock<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        name: Unknown<'e>,
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let keys = LockKeys::new("name", &argument::text("name", name)?)?;
            let given = Given::read(OptionsObject::optional("options", options, &property)?.as_ref())?;
            let store = given.store(&service);
            Ok(async move { Ok(service.runs.lock(store, &keys, given.options).await?.to_json()) })
        })
    }

    /// Waits until the lease of a run or lock has ended. Resolves to whether its holder has ended it, and it was neither
    /// lost nor held too long.
    #[napi(catch_unwind)]
    pub fn ended<'e>(&self, env: &'e Env, slot: u32, owner: String) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            Ok(async move { Ok(service.runs.ended(&owner).await == LeaseEnd::Over) })
        })
    }

    /// Ends a run with its outcome: `done` or `failed` with JSON, or `noResult`. Resolves to `null`, or to how another run
    /// stands that has overtaken it, as JSON.
    #[napi(catch_unwind)]
    pub fn finish<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        owner: String,
        state: String,
        json: Option<String>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let outcome = match (state.as_str(), json) {
                ("done", value) => Outcome::Done(value),
                ("failed", Some(error)) => Outcome::Failed(error),
                _ => Outcome::NoResult,
            };
            Ok(async move {
                let other = service.runs.finish(&owner, &outcome).await?;
                Ok(other.map(|begun| begun.to_json()))
            })
        })
    }

    /// Ends a run without an outcome, or a lock.
    #[napi(catch_unwind)]
    pub fn release<'e>(&self, env: &'e Env, slot: u32, owner: String) -> Returned<'e> {
        self.realm.call(env, slot, |service| Ok(async move { service.runs.release(&owner).await }))
    }

    /// `{ state, startedAt? }` as JSON.
    #[napi(catch_unwind)]
    pub fn state<'e>(&self, env: &'e Env, slot: u32, key: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let keys = RunKeys::new("key", &argument::text("key", key)?)?;
            Ok(async move {
                let store = service.store.for_class(Class::Idempotency);
                Ok(service.runs.state(&store, &keys).await?.to_json())
            })
        })
    }
}
