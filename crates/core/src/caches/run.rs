//! Runs: work that is done once for a key, by one caller of any number on any number of instances.
//!
//! A run is a lease first, `{"s":"run","o":owner,"f":fingerprint,"a":startedAt}`, and then its outcome in the same place,
//! with `"s":"done"` and the value `v`, or `"s":"fail"` and the error `e`. Not under the keys of
//! [`IdempotencyCache`](super::IdempotencyCache), whose `get` would take a lease for a result; but a result that is there
//! counts as an outcome, so that callers can move from one to the other.

mod begun;
mod keys;
mod options;
mod record;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

pub use self::begun::Begun;
pub use self::keys::{LockKeys, RunKeys};
pub use self::options::RunOptions;
use self::record::Record;
pub use self::record::{Outcome, RunState};
use super::lease::{Finish, Lease, LeaseEnd};
use crate::clock::{Clock, UnixMillis};
use crate::json;
use crate::keys::{FENCE, Key, Ttl};
use crate::store::{ClaimOrRead, Store, Timed};
use crate::{Error, Result};

/// So many runs at one time are unusual.
const MANY_RUNS: usize = 10_000;
/// A run that is older has been forgotten.
const LONGEST_RUN: Duration = Duration::from_secs(86_400);

/// The runs and locks of a process.
pub struct Runs<S> {
    clock: Clock,
    /// Those whose work goes on here, by owner.
    running: Mutex<HashMap<String, Arc<Run<S>>>>,
}

struct Run<S> {
    lease: Lease<S>,
    fingerprint: String,
    started_at: UnixMillis,
    /// How long its outcome is kept.
    ttl: Ttl,
}

/// A claim of a key.
struct Claim {
    owner: String,
    text: String,
    ttl: Ttl,
    started_at: UnixMillis,
    claimed: Instant,
    /// Whether it is in a database, where it has to be renewed.
    is_remote: bool,
}

/// Methods have the errors of [`Store`]. `name` is the caller's key, which [`RunKeys`] has checked.
impl<S: Store + 'static> Runs<S> {
    /// No run yet. `clock` gives the times when runs start.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, running: Mutex::default() }
    }

    /// Begins a run on `store`, or tells how the one that is there stands.
    pub async fn begin(&self, store: Arc<S>, keys: &RunKeys, options: RunOptions) -> Result<Begun> {
        let call = Timed::begin(&*store);
        let claim = self.claim(&call, &options);
        let also = std::slice::from_ref(&keys.result);
        let ClaimOrRead { held, also } = call.claim_or_read(&keys.run, &claim.text, claim.ttl, also).await?;
        let result = also.into_iter().next().flatten().filter(|result| json::is_object_or_array(result));
        match (held, result) {
            (None, None) => self.start(&store, &call, claim, (&keys.run, &keys.fence), options).await,
            (None, Some(result)) => {
                call.compare_and_delete(&keys.run, &claim.text).await?;
                Ok(Begun::Ended(Outcome::Done(Some(result))))
            }
            (Some(held), result) => {
                let Some(record) = Record::parse(&held) else {
                    call.remove_corrupt(&keys.run, &held).await?;
                    return Ok(Begun::Wait);
                };
                let begun = Begun::by(record, &options.fingerprint);
                Ok(match result {
                    Some(result) if begun == Begun::Wait => Begun::Ended(Outcome::Done(Some(result))),
                    _ => begun,
                })
            }
        }
    }

    /// Takes a lock, which has no outcome.
    pub async fn lock(&self, store: Arc<S>, keys: &LockKeys, options: RunOptions) -> Result<Begun> {
        let call = Timed::begin(&*store);
        let claim = self.claim(&call, &options);
        if !call.set_if_absent(&keys.lock, &claim.text, claim.ttl).await? {
            return Ok(Begun::Wait);
        }
        self.start(&store, &call, claim, (&keys.lock, &keys.fence), options).await
    }

    /// A claim by a new owner, as it is going to be made.
    fn claim(&self, call: &Timed<'_, S>, options: &RunOptions) -> Claim {
        let owner = random_owner();
        let started_at = self.clock.now();
        let text = Record::text(&owner, &options.fingerprint, started_at, None);
        let is_remote = call.deadline().is_some();
        Claim {
            owner,
            text,
            ttl: options.time_of_claim(is_remote),
            started_at,
            claimed: Instant::now(),
            is_remote,
        }
    }

    /// What follows a claim that was granted. If the run cannot be numbered, the claim is given up.
    async fn start(
        &self,
        store: &Arc<S>,
        call: &Timed<'_, S>,
        claim: Claim,
        (key, fence): (&Key, &Key),
        options: RunOptions,
    ) -> Result<Begun> {
        let Claim { owner, text, ttl, started_at, claimed, is_remote } = claim;
        // The claim is made, so that rejecting what follows would only lose it.
        let granted = Arc::clone(store).accepting();
        let numbered = if options.is_fenced { next_fence(call, fence).await.map(Some) } else { Ok(None) };
        if numbered.is_err() {
            // If this fails, too, the claim ends by itself.
            call.on(&granted).compare_and_delete(key, &text).await.ok();
        }
        let fence = numbered?;
        let lease = Lease::of(granted, key.clone(), text, ttl, claimed);
        let RunOptions { ttl, fingerprint, is_blocking, longest, .. } = options;
        let run = Arc::new(Run { lease, fingerprint, started_at, ttl });
        self.add(&owner, Arc::clone(&run));
        if is_remote {
            tokio::spawn(async move {
                if is_blocking { run.lease.wait(longest).await } else { run.lease.keep(longest).await }
            });
        }
        Ok(Begun::Run { owner, fence, untimed: (!is_remote).then_some(longest) })
    }

    fn add(&self, owner: &str, run: Arc<Run<S>>) {
        let mut running = self.running.lock();
        // Those whose thread has ended are never finished.
        if running.len() >= MANY_RUNS {
            running.retain(|_, run| run.lease.age() < LONGEST_RUN);
        }
        running.insert(owner.to_owned(), run);
    }

    /// Waits until the lease of a run or a lock has ended.
    pub async fn ended(&self, owner: &str) -> LeaseEnd {
        let run = self.running.lock().get(owner).cloned();
        match run {
            Some(run) => run.lease.ended().await,
            None => LeaseEnd::Over,
        }
    }

    /// Ends a run with its outcome. Returns how another run stands that has overtaken this one: what it has stored, or
    /// [`Begun::Wait`] while it goes on, and then the caller can try again.
    pub async fn finish(&self, owner: &str, outcome: &Outcome) -> Result<Option<Begun>> {
        let run = self.running.lock().get(owner).cloned();
        let run = run.ok_or_else(|| {
            Error::invalid_value("the run", "was begun before the settings changed or the service was closed")
        })?;
        let text = Record::text(owner, &run.fingerprint, run.started_at, Some(outcome));
        let finish = run.lease.finish(&text, run.ttl).await;
        let other = match &finish {
            Ok(Finish::Overtaken(held)) => {
                Record::parse(held).map(|record| Begun::by(record, &run.fingerprint))
            }
            Ok(Finish::Stored) | Err(_) => None,
        };
        if other != Some(Begun::Wait) {
            self.running.lock().remove(owner);
            if other.is_some() {
                run.lease.store().was_overtaken();
            }
        }
        finish.map(|_| other)
    }

    /// Ends a run without an outcome, so that the next caller runs again.
    pub async fn release(&self, owner: &str) -> Result<()> {
        let run = self.running.lock().remove(owner);
        match run {
            Some(run) => run.lease.release().await.map(drop),
            None => Ok(()),
        }
    }

    /// How the run of a key stands.
    pub async fn state(&self, store: &S, keys: &RunKeys) -> Result<RunState> {
        let values = store.get_many(&[keys.run.clone(), keys.result.clone()]).await?;
        let [run, result] = <[Option<String>; 2]>::try_from(values)
            .map_err(|_| Error::protocol(200, "two keys got another number of values"))?;
        let state = run.as_deref().and_then(Record::parse).map(|record| record.state);
        Ok(match (state, result) {
            (Some(RunState::Running(_)) | None, Some(_)) => RunState::Done(None),
            (state, _) => state.unwrap_or(RunState::Absent),
        })
    }
}

/// The next number of a key, which grows as long as it is used within a month.
async fn next_fence<S: Store>(store: &S, key: &Key) -> Result<i64> {
    let (fence, expiry) =
        tokio::join!(store.next_number(key), store.expire(key, Ttl::from_whole_seconds(FENCE.ttl_seconds)));
    expiry?;
    fence
}

/// 128 random bits, so that no two runs have one owner.
fn random_owner() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}

#[cfg(test)]
mod tests;
