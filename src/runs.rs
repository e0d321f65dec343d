//! `IdempotencyCache.run` and `withLock`, as far as they are not in the face, which calls the caller's work.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Env, Unknown};
use napi_derive::napi;
use redlatch_core::ServiceStore;
use redlatch_core::caches::{LeaseEnd, LockKeys, Outcome, RunKeys, RunOptions};
use redlatch_core::config::Policy;
use redlatch_core::keys::Ttl;
use redlatch_core::store::Class;

use crate::argument::{self, OptionsObject, Property};
use crate::handle::Handle;
use crate::realm::{Realm, RealmState, Returned};

/// Runs and locks.
#[napi]
pub struct Runs {
    realm: Rc<RealmState>,
}

/// What the options of a run and of a lock share.
struct Lease {
    ttl: Ttl,
    longest: Duration,
    is_fenced: bool,
    policy: Option<Policy>,
}

impl Lease {
    fn read(options: &OptionsObject<'_, '_>) -> argument::Result<Self> {
        Ok(Self {
            ttl: options.get("leaseMs", millis)?,
            longest: Duration::from_millis(options.get("maxRunMs", millis)?.as_millis()),
            is_fenced: options.get("fencing", argument::optional_boolean)?.unwrap_or(false),
            policy: options.get("onOutage", argument::optional_policy)?,
        })
    }

    fn store(&self, service: &Handle) -> Arc<ServiceStore> {
        Arc::new(service.store.for_class(Class::Idempotency).with_policy(self.policy))
    }
}

/// A time in milliseconds.
fn millis(path: &str, value: Unknown<'_>) -> argument::Result<Ttl> {
    Ok(Ttl::from_millis(path, argument::number(path, value)?)?)
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
        options: Unknown<'e>,
        property: Property<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let keys = RunKeys::new("key", &argument::text("key", key)?)?;
            let given = OptionsObject::required("options", options, &property)?;
            let lease = Lease::read(&given)?;
            let store = lease.store(&service);
            let options = RunOptions {
                ttl: given.get("ttlSeconds", argument::ttl)?,
                lease: lease.ttl,
                fingerprint: given.get("fingerprint", argument::text)?,
                is_blocking: given.get("isBlocking", argument::optional_boolean)?.unwrap_or(false),
                is_fenced: lease.is_fenced,
                longest: lease.longest,
            };
            Ok(async move { Ok(service.runs.begin(store, &keys, options).await?.to_json()) })
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
            let lease = Lease::read(&OptionsObject::required("options", options, &property)?)?;
            let store = lease.store(&service);
            let options = RunOptions {
                ttl: lease.ttl,
                lease: lease.ttl,
                fingerprint: String::new(),
                is_blocking: false,
                is_fenced: lease.is_fenced,
                longest: lease.longest,
            };
            Ok(async move { Ok(service.runs.lock(store, &keys, options).await?.to_json()) })
        })
    }

    /// Keeps the lease of a run or lock. Resolves to whether it is over, and not lost or too long.
    #[napi(catch_unwind)]
    pub fn keep<'e>(&self, env: &'e Env, slot: u32, owner: String, max_run_ms: u32) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let longest = Duration::from_millis(max_run_ms.into());
            Ok(async move { Ok(service.runs.keep(&owner, longest).await == LeaseEnd::Over) })
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
        ttl_seconds: Unknown<'e>,
    ) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let ttl = argument::ttl("options.ttlSeconds", ttl_seconds)?;
            let outcome = match (state.as_str(), json) {
                ("done", value) => Outcome::Done(value),
                ("failed", Some(error)) => Outcome::Failed(error),
                _ => Outcome::NoResult,
            };
            Ok(async move {
                let overtaken = service.runs.finish(&owner, &outcome, ttl).await?;
                Ok(overtaken.map(|begun| begun.to_json()))
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
