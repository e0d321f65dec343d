//! Rate limits. A request that one of its limits denies consumes nothing anywhere.
//!
//! Names, keys and rounding of the three window algorithms are those of `@upstash/ratelimit`, so that both can count
//! together.

mod algorithm;
mod counts;
mod denied;
mod duration;
mod result;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::algorithm::Algorithm;
use self::algorithm::State;
use self::counts::Counters;
pub use self::counts::RateLimitCounts;
use self::denied::{DeniedIds, Remembered};
pub use self::duration::{millis_of_number, millis_of_words};
pub use self::result::{RateLimitResult, Reason, Remaining, results_to_json};
use crate::clock::Clock;
use crate::config::Policy;
use crate::keys::{Expiry, Key, Ttl};
use crate::store::{Admission, Limit, Operation, Output, Store};
use crate::{Error, Result};

/// Where a block is, after the prefix and the id.
const BLOCK: &str = ":block";
/// What it holds. Its TTL says how long.
const BLOCKED: &str = "1";

/// What limits requests.
#[derive(Debug, Clone)]
pub struct Limiter {
    /// Its name in metrics and headers.
    pub name: String,
    /// The beginning of its keys; see [`Limiter::prefix_of`].
    pub prefix: String,
    /// How it counts.
    pub algorithm: Algorithm,
    /// What happens in an outage, if not what the settings say.
    pub policy: Option<Policy>,
    /// How long a request may take, if not as long as any call.
    pub timeout: Option<Duration>,
    /// Whether ids that are certainly denied are remembered.
    pub remembers_denied: bool,
    /// Whether the limit can be replaced.
    pub is_dynamic: bool,
    /// Whether ids can be blocked.
    pub is_blocking: bool,
}

/// A request to one limiter.
#[derive(Debug, Clone)]
pub struct Check {
    /// The limiter.
    pub limiter: Arc<Limiter>,
    /// Who is limited.
    pub id: String,
    /// How much is asked for.
    pub rate: i64,
}

/// The rate limits of a service.
pub struct RateLimits {
    clock: Clock,
    denied: DeniedIds,
    counters: Counters,
}

/// Methods have the errors of [`Store`], but an outage is none unless it is documented.
impl RateLimits {
    /// Limits by the wall time of `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, denied: DeniedIds::default(), counters: Counters::default() }
    }

    /// How often each limiter has admitted and denied.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, RateLimitCounts> {
        self.counters.all()
    }

    /// The results, if one of the requests is certainly denied: then Redis is not asked.
    pub fn denied(&self, checks: &[Check]) -> Option<Vec<RateLimitResult>> {
        let now = self.clock.now();
        let remembered = |check: &Check| {
            let is_possible = check.limiter.remembers_denied && check.rate > 0;
            is_possible.then(|| self.denied.get(&check.name(), check.rate, now)).flatten()
        };
        let all: Vec<_> = checks.iter().map(remembered).collect();
        all.iter().any(Option::is_some).then(|| {
            let results = checks.iter().zip(all);
            results
                .map(|(check, remembered)| {
                    if remembered.is_some() {
                        self.counters.count(&check.limiter.name, |counts| counts.denied_by_cache += 1);
                    }
                    RateLimitResult::from_cache(check, remembered, now)
                })
                .collect()
        })
    }

    /// Counts the requests, if each limit admits its own, and none otherwise. The timeout of the first one's limiter counts.
    pub async fn admit<S: Store>(&self, store: &S, checks: &[Check]) -> Result<Vec<RateLimitResult>> {
        let now = self.clock.now();
        let (limits, places) = added_up(checks, now)?;
        let Some(first) = checks.first() else { return Ok(Vec::new()) };
        let admission = match self.ask(store, &limits, first.limiter.timeout).await {
            Err(error) if error.is_no_fallback() => {
                let is_allowed = store.outage_policy() == Policy::Allow;
                return Ok(checks.iter().map(|check| self.in_outage(check, is_allowed, now)).collect());
            }
            admission => admission?,
        };
        let judged = |place: usize| limits.get(place).zip(admission.limits.get(place));
        Ok(checks
            .iter()
            .zip(places)
            .filter_map(|(check, place)| judged(place).map(|(limit, seen)| (check, limit, seen)))
            .map(|(check, limit, seen)| {
                let counted = admission.is_admitted;
                let state = check.limiter.algorithm.state(limit, seen, now, counted);
                self.note(check, &admission, seen.fits, &state, now);
                RateLimitResult::of(check, seen, state, admission.has_fallen_back)
            })
            .collect())
    }

    /// How much is left, without counting a request.
    pub async fn remaining<S: Store>(&self, store: &S, check: &Check) -> Result<Remaining> {
        let now = self.clock.now();
        let limit = Check { rate: 0, ..check.clone() }.limit(now)?;
        let admission = self.ask(store, std::slice::from_ref(&limit), check.limiter.timeout).await?;
        let seen = admission.limits.first().ok_or_else(|| Error::protocol(200, "a limit is missing"))?;
        let state = check.limiter.algorithm.state(&limit, seen, now, false);
        Ok(Remaining { remaining: state.remaining, reset: state.reset, limit: state.limit })
    }

    /// Gives back what a request has consumed, as far as it is still counted.
    pub async fn refund<S: Store>(&self, store: &S, check: &Check) -> Result<()> {
        self.denied.forget(&check.name());
        let limit = Check { rate: -check.rate, ..check.clone() }.limit(self.clock.now())?;
        self.ask(store, &[limit], check.limiter.timeout).await.map(drop)
    }

    /// Forgets what an id has consumed.
    pub async fn reset<S: Store>(&self, store: &S, check: &Check) -> Result<()> {
        self.denied.forget(&check.name());
        let names = (&*check.limiter.prefix, &*check.id);
        store.delete(&check.limiter.algorithm.keys(names, self.clock.now())?).await.map(drop)
    }

    /// Denies everything to an id for a while.
    pub async fn block<S: Store>(&self, store: &S, check: &Check, ttl: Ttl) -> Result<()> {
        store.set(&check.block_key()?, BLOCKED, Expiry::After(ttl)).await
    }

    /// Ends a block.
    pub async fn unblock<S: Store>(&self, store: &S, check: &Check) -> Result<()> {
        self.denied.forget(&check.name());
        store.delete(&[check.block_key()?]).await.map(drop)
    }

    /// Replaces the limit of all ids, on all instances; `None` ends that.
    pub async fn set_dynamic<S: Store>(
        &self,
        store: &S,
        limiter: &Limiter,
        limit: Option<i64>,
    ) -> Result<()> {
        let key = limiter.dynamic_key()?;
        match limit {
            Some(limit) => store.set(&key, &limit.to_string(), Expiry::Never).await,
            None => store.delete(&[key]).await.map(drop),
        }
    }

    /// The limit that replaces the limiter's, if there is one.
    pub async fn dynamic<S: Store>(&self, store: &S, limiter: &Limiter) -> Result<Option<i64>> {
        let limit = store.get(&limiter.dynamic_key()?).await?;
        Ok(limit.and_then(|limit| limit.parse().ok()))
    }

    async fn ask<S: Store>(
        &self,
        store: &S,
        limits: &[Limit],
        timeout: Option<Duration>,
    ) -> Result<Admission> {
        let operation = Operation::Admit { limits };
        let output = match (timeout, store.deadline()) {
            (Some(timeout), Some(deadline)) => {
                store.execute_by(operation, deadline.min(Instant::now() + timeout)).await?
            }
            _ => store.execute(operation).await?,
        };
        match output {
            Output::Admission(admission) => Ok(admission),
            _ => Err(Error::protocol(200, "expected an admission")),
        }
    }

    fn in_outage(&self, check: &Check, is_allowed: bool, now: u64) -> RateLimitResult {
        self.counters.count(&check.limiter.name, |counts| counts.fallen_back += 1);
        RateLimitResult::in_outage(check, is_allowed, now)
    }

    fn note(&self, check: &Check, admission: &Admission, fits: bool, state: &State, now: u64) {
        self.counters.count(&check.limiter.name, |counts| {
            if admission.is_admitted {
                counts.allowed += 1;
            } else if !fits {
                counts.denied += 1;
            }
            counts.fallen_back += u64::from(admission.has_fallen_back);
        });
        // Another instance may change the limit at any time.
        if !fits && check.limiter.remembers_denied && !check.limiter.is_dynamic {
            let until = now + state.retry_after;
            let remembered = Remembered { until, reset: state.reset, limit: state.limit };
            self.denied.add(check.name(), check.rate, remembered);
        }
    }
}

impl Limiter {
    /// The beginning of the keys of a limiter with this prefix and perhaps a name. Limiters with names count apart. No id
    /// reaches another limiter's keys, because a name holds no colon.
    #[must_use]
    pub fn prefix_of(prefix: &str, name: Option<&str>) -> String {
        name.map_or_else(|| prefix.to_owned(), |name| format!("{prefix}/{name}"))
    }

    fn dynamic_key(&self) -> Result<Key> {
        if !self.is_dynamic {
            let problem = "must be true for a limit that can be replaced";
            return Err(Error::invalid_value("options.dynamicLimits", problem));
        }
        Algorithm::dynamic_key(&self.prefix)
    }
}

impl Check {
    /// What it counts as in the ids that are denied.
    fn name(&self) -> denied::Name {
        (format!("{}:{}", self.limiter.prefix, self.id), self.limiter.algorithm)
    }

    fn limit(&self, now: u64) -> Result<Limit> {
        let Limiter { prefix, algorithm, is_dynamic, is_blocking, .. } = &*self.limiter;
        let mut limit = algorithm.limit((prefix, &self.id), self.rate, now, fastrand::f64())?;
        limit.dynamic = is_dynamic.then(|| self.limiter.dynamic_key()).transpose()?;
        limit.block = is_blocking.then(|| self.block_key()).transpose()?;
        Ok(limit)
    }

    fn block_key(&self) -> Result<Key> {
        if !self.limiter.is_blocking {
            return Err(Error::invalid_value("options.blocking", "must be true for ids that can be blocked"));
        }
        Key::plain("id", &format!("{}:{}{BLOCK}", self.limiter.prefix, self.id))
    }
}

/// The limits of the checks, and the place of each check's. Checks that count in one key are one limit of all their rates,
/// because each limit is judged by what its key held before.
fn added_up(checks: &[Check], now: u64) -> Result<(Vec<Limit>, Vec<usize>)> {
    let (mut limits, mut by_key) = (Vec::<Limit>::new(), HashMap::new());
    let mut places = Vec::with_capacity(checks.len());
    for check in checks {
        let limit = check.limit(now)?;
        let place = *by_key.entry(limit.key.clone()).or_insert(limits.len());
        match limits.get_mut(place) {
            Some(present) => present.rate += limit.rate,
            None => limits.push(limit),
        }
        places.push(place);
    }
    Ok((limits, places))
}

#[cfg(test)]
mod tests;
