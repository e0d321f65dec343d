//! Runs: work that is done once for a key, by one caller of any number on any number of instances.
//!
//! A run is a lease first, `{"s":"run","o":owner,"f":fingerprint,"a":startedAt}`, and then its outcome in the same place,
//! with `"s":"done"` and the value `v`, or `"s":"fail"` and the error `e`. Not under the keys of
//! [`IdempotencyCache`](super::IdempotencyCache), whose `get` would take a lease for a result; but a result that is there
//! counts as an outcome, so that callers can move from one to the other.

mod record;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use self::record::Record;
pub use self::record::{Outcome, RunState};
use super::lease::{Finish, Lease, LeaseEnd};
use crate::clock::{Clock, UnixMillis};
use crate::json;
use crate::keys::{FENCE, IDEMPOTENCY, IDEMPOTENCY_RUN, Key, LOCK, LOCK_FENCE, Ttl};
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
    is_renewed: bool,
}

/// A claim of a key.
struct Claim {
    owner: String,
    text: String,
    ttl: Ttl,
    started_at: UnixMillis,
    claimed: Instant,
    /// Whether the lease has to be renewed.
    is_kept: bool,
}

/// What a run is to do.
pub struct RunOptions {
    /// How long the outcome is kept.
    pub ttl: Ttl,
    /// How long a run counts as running without being renewed.
    pub lease: Ttl,
    /// Of the request: the same key with another one is a mistake. Empty if the caller does not compare.
    pub fingerprint: String,
    /// Whether a run that was never finished blocks its key for `ttl`.
    pub is_blocking: bool,
    /// Whether to number the runs of the key.
    pub is_fenced: bool,
    /// How long the work may take.
    pub longest: Duration,
}

/// How a caller of a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It does the work.
    Run {
        /// As this owner.
        owner: String,
        /// A number that grows with every run of the key, if asked for.
        fence: Option<i64>,
        /// Whether the caller has to [`Runs::keep`] the lease.
        is_kept: bool,
    },
    /// Another does the work, and has not finished.
    Wait,
    /// It is done.
    Ended(Outcome),
    /// The key belongs to another request.
    Mismatch,
}

/// Methods have the errors of [`Store`]. `name` is the caller's key, which [`IDEMPOTENCY_RUN`] has checked.
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
        let is_kept = call.deadline().is_some();
        Claim {
            owner,
            text,
            ttl: options.time_of_claim(is_kept),
            started_at,
            claimed: Instant::now(),
            is_kept,
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
        let Claim { owner, text, ttl, started_at, claimed, is_kept } = claim;
        let numbered = if options.is_fenced { next_fence(call, fence).await.map(Some) } else { Ok(None) };
        if numbered.is_err() {
            // If this fails, too, the claim ends by itself.
            call.compare_and_delete(key, &text).await.ok();
        }
        let fence = numbered?;
        let lease = Lease::of(Arc::clone(store), key.clone(), text, ttl, claimed);
        let RunOptions { fingerprint, is_blocking, .. } = options;
        self.add(&owner, Run { lease, fingerprint, started_at, is_renewed: !is_blocking });
        Ok(Begun::Run { owner, fence, is_kept })
    }

    fn add(&self, owner: &str, run: Run<S>) {
        let mut running = self.running.lock();
        // Those whose thread has ended are never finished.
        if running.len() >= MANY_RUNS {
            running.retain(|_, run| run.lease.age() < LONGEST_RUN);
        }
        running.insert(owner.to_owned(), Arc::new(run));
    }

    /// Keeps the lease of a run until it has ended.
    pub async fn keep(&self, owner: &str, longest: Duration) -> LeaseEnd {
        let Some(run) = self.running.lock().get(owner).cloned() else { return LeaseEnd::Over };
        if run.is_renewed { run.lease.keep(longest).await } else { run.lease.wait(longest).await }
    }

    /// Ends a run with its outcome, kept for `ttl`. Returns what another has stored meanwhile, if this run was overtaken.
    pub async fn finish(&self, owner: &str, outcome: &Outcome, ttl: Ttl) -> Result<Option<Begun>> {
        let Some(run) = self.running.lock().remove(owner) else { return Ok(None) };
        let text = Record::text(owner, &run.fingerprint, run.started_at, Some(outcome));
        match run.lease.finish(&text, ttl).await? {
            Finish::Stored => Ok(None),
            Finish::Overtaken(held) => {
                Ok(Record::parse(&held).map(|record| Begun::by(record, &run.fingerprint)))
            }
        }
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

/// The keys of a run: its own, that of a result which was stored without one, and that of its number.
pub struct RunKeys {
    run: Key,
    result: Key,
    fence: Key,
}

impl RunKeys {
    /// The keys for the caller's key `name`. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `name` is empty or too long.
    pub fn new(argument: &str, name: &str) -> Result<Self> {
        Ok(Self {
            run: IDEMPOTENCY_RUN.key(argument, name)?,
            result: IDEMPOTENCY.key(argument, name)?,
            fence: FENCE.key(argument, name)?,
        })
    }
}

/// The keys of a lock: its own, and that of its number.
pub struct LockKeys {
    lock: Key,
    fence: Key,
}

impl LockKeys {
    /// The keys for the lock `name`. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `name` is empty or too long.
    pub fn new(argument: &str, name: &str) -> Result<Self> {
        Ok(Self { lock: LOCK.key(argument, name)?, fence: LOCK_FENCE.key(argument, name)? })
    }
}

impl RunOptions {
    /// How long a claim lives without a renewal. Memory ends with its process, so that nothing has to be noticed there.
    fn time_of_claim(&self, is_kept: bool) -> Ttl {
        if self.is_blocking {
            self.ttl
        } else if is_kept {
            self.lease
        } else {
            Ttl::from_duration(self.longest)
        }
    }
}

/// The next number of a key, which grows as long as it is used within a month.
async fn next_fence<S: Store>(store: &S, key: &Key) -> Result<i64> {
    let (fence, expiry) =
        tokio::join!(store.increment(key, 1), store.expire(key, Ttl::from_whole_seconds(FENCE.ttl_seconds)));
    expiry?;
    fence
}

/// 128 random bits, so that no two runs have one owner.
fn random_owner() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}

impl Begun {
    /// How a run stands for a caller whose request has `fingerprint`.
    fn by(record: Record, fingerprint: &str) -> Self {
        if record.fingerprint != fingerprint {
            return Self::Mismatch;
        }
        record.outcome.map_or(Self::Wait, Self::Ended)
    }

    /// `{ state, .. }`, for the face.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Run { owner, fence, is_kept } => {
                let fence = fence.map_or_else(String::new, |fence| format!(r#","fence":{fence}"#));
                format!(r#"{{"state":"run","owner":"{owner}","isKept":{is_kept}{fence}}}"#)
            }
            Self::Wait => r#"{"state":"wait"}"#.into(),
            Self::Mismatch => r#"{"state":"mismatch"}"#.into(),
            Self::Ended(Outcome::NoResult) => r#"{"state":"noResult"}"#.into(),
            Self::Ended(Outcome::Done(None)) => r#"{"state":"done"}"#.into(),
            Self::Ended(Outcome::Done(Some(value))) => format!(r#"{{"state":"done","value":{value}}}"#),
            Self::Ended(Outcome::Failed(error)) => format!(r#"{{"state":"failed","error":{error}}}"#),
        }
    }
}

#[cfg(test)]
mod tests;
