//! `RateLimiter`.

use std::future::Future;
use std::net::Ipv6Addr;
use std::rc::Rc;
use std::sync::Arc;

use napi::ValueType;
use napi::bindgen_prelude::{ClassInstance, Env, Unknown};
use napi_derive::napi;
use redlatch_core::caches::{Check, Limiter, results_to_json};
use redlatch_core::store::Class;
use redlatch_core::{Error, Result as CoreResult, ServiceStore, client_address};

use crate::argument::{self, OptionsObject, Property};
use crate::error::or_throw;
use crate::handle::Handle;
use crate::limiter_options;
use crate::realm::{Realm, RealmState, Returned, Started};

/// A limiter.
#[napi]
pub struct RateLimiter {
    realm: Rc<RealmState>,
    limiter: Arc<Limiter>,
}

/// A check of a limiter.
fn check(limiter: &Arc<Limiter>, id: Unknown<'_>, rate: i64) -> argument::Result<Check> {
    let id = argument::text("id", id)?;
    if id.is_empty() {
        return Err(Error::invalid_value("id", "must not be empty").into());
    }
    Ok(Check { limiter: Arc::clone(limiter), id, rate })
}

/// A rate; 1 if it is left out.
fn rate_of(path: &str, rate: Unknown<'_>) -> argument::Result<i64> {
    if rate.get_type()? == ValueType::Undefined { Ok(1) } else { limiter_options::tokens(path, rate) }
}

fn store(service: &Handle, limiter: &Limiter) -> ServiceStore {
    service.store.for_class(Class::RateLimit).with_policy(limiter.policy)
}

/// Asks the limits, if none of them is certain to deny.
fn limit(
    service: Arc<Handle>,
    checks: Vec<Check>,
) -> Started<String, impl Future<Output = CoreResult<String>>> {
    if let Some(denied) = service.rate_limits.denied(&checks) {
        return Started::Answer(results_to_json(&denied));
    }
    Started::Work(async move {
        let Some(first) = checks.first() else { return Ok(results_to_json(&[])) };
        let store = store(&service, &first.limiter);
        Ok(results_to_json(&service.rate_limits.admit(&store, &checks).await?))
    })
}

#[napi]
impl RateLimiter {
    /// A limiter of `realm`.
    #[napi(constructor)]
    pub fn new(realm: &Realm, env: Env, options: Unknown<'_>, property: Property<'_>) -> napi::Result<Self> {
        let limiter = or_throw(&env, || {
            limiter_options::read(&OptionsObject::required("options", options, &property)?)
        })?;
        Ok(Self { realm: realm.state(), limiter: Arc::new(limiter) })
    }

    /// An array with the result, as JSON.
    #[napi(catch_unwind)]
    pub fn limit<'e>(&self, env: &'e Env, slot: u32, id: Unknown<'e>, rate: Unknown<'e>) -> Returned<'e> {
        self.realm.call_or_answer(env, slot, |service| {
            Ok(limit(service, vec![check(&self.limiter, id, rate_of("options.rate", rate)?)?]))
        })
    }

    /// An array with the results, as JSON. The lists have the same length.
    #[napi(catch_unwind)]
    pub fn limit_all<'e>(
        &self,
        env: &'e Env,
        slot: u32,
        limiters: Vec<ClassInstance<'e, RateLimiter>>,
        ids: Vec<Unknown<'e>>,
        rates: Vec<Unknown<'e>>,
    ) -> Returned<'e> {
        self.realm.call_or_answer(env, slot, |service| {
            let given = limiters.iter().zip(ids).zip(rates);
            let checks = given
                .map(|((one, id), rate)| check(&one.limiter, id, rate_of("rate", rate)?))
                .collect::<Result<_, _>>()?;
            Ok(limit(service, checks))
        })
    }

    /// `{ remaining, reset, limit }` as JSON.
    #[napi(catch_unwind)]
    pub fn get_remaining<'e>(&self, env: &'e Env, slot: u32, id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let check = check(&self.limiter, id, 0)?;
            Ok(async move {
                let store = store(&service, &check.limiter);
                Ok(service.rate_limits.remaining(&store, &check).await?.to_json())
            })
        })
    }

    /// Gives back what a request has consumed.
    #[napi(catch_unwind)]
    pub fn refund<'e>(&self, env: &'e Env, slot: u32, id: Unknown<'e>, rate: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let check = check(&self.limiter, id, rate_of("rate", rate)?)?;
            Ok(async move {
                let store = store(&service, &check.limiter);
                service.rate_limits.refund(&store, &check).await
            })
        })
    }

    /// Forgets what an id has consumed.
    #[napi(catch_unwind)]
    pub fn reset_used_tokens<'e>(&self, env: &'e Env, slot: u32, id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let check = check(&self.limiter, id, 0)?;
            Ok(async move {
                let store = store(&service, &check.limiter);
                service.rate_limits.reset(&store, &check).await
            })
        })
    }

    /// Denies everything to an id for a while.
    #[napi(catch_unwind)]
    pub fn block<'e>(&self, env: &'e Env, slot: u32, id: Unknown<'e>, seconds: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let check = check(&self.limiter, id, 0)?;
            let ttl = argument::ttl("seconds", seconds)?;
            Ok(async move {
                let store = store(&service, &check.limiter);
                service.rate_limits.block(&store, &check, ttl).await
            })
        })
    }

    /// Ends a block.
    #[napi(catch_unwind)]
    pub fn unblock<'e>(&self, env: &'e Env, slot: u32, id: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let check = check(&self.limiter, id, 0)?;
            Ok(async move {
                let store = store(&service, &check.limiter);
                service.rate_limits.unblock(&store, &check).await
            })
        })
    }

    /// Replaces the limit of all ids; `false` ends that.
    #[napi(catch_unwind)]
    pub fn set_dynamic_limit<'e>(&self, env: &'e Env, slot: u32, limit: Unknown<'e>) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let limit = limiter_options::dynamic_limit("options.limit", limit)?;
            let limiter = Arc::clone(&self.limiter);
            Ok(async move {
                service.rate_limits.set_dynamic(&store(&service, &limiter), &limiter, limit).await
            })
        })
    }

    /// The limit that replaces the limiter's; `null` if there is none.
    #[napi(catch_unwind)]
    pub fn get_dynamic_limit<'e>(&self, env: &'e Env, slot: u32) -> Returned<'e> {
        self.realm.call(env, slot, |service| {
            let limiter = Arc::clone(&self.limiter);
            Ok(async move { service.rate_limits.dynamic(&store(&service, &limiter), &limiter).await })
        })
    }

    /// The address of the client, from what proxies say; `null` if there is none.
    #[napi(catch_unwind)]
    pub fn client_address(
        env: &Env,
        forwarded_for: String,
        trusted_hops: Unknown<'_>,
        ipv6_prefix: Unknown<'_>,
    ) -> napi::Result<Option<String>> {
        or_throw(env, || {
            let hops = argument::count("options.trustedHops", trusted_hops)?;
            let prefix = u8::try_from(argument::count("options.ipv6Prefix", ipv6_prefix)?)
                .ok()
                .filter(|prefix| u32::from(*prefix) <= Ipv6Addr::BITS)
                .ok_or_else(|| {
                    let problem = format_args!("must be at most {}", Ipv6Addr::BITS);
                    Error::invalid_value("options.ipv6Prefix", problem)
                })?;
            let hops = usize::try_from(hops).unwrap_or(usize::MAX);
            Ok(client_address(&forwarded_for, hops, prefix.into()))
        })
    }
}
