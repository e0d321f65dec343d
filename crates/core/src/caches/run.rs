//! Runs: work that is done once for a key, by one caller of any number on any number of instances.
//!
//! A run is a lease first, `{"s":"run","o":owner,"f":fingerprint,"a":startedAt}`, and then its outcome in the same place,
//! with `"s":"done"` and the value `v`, or `"s":"fail"` and the error `e`. Not under the keys of
//! [`IdempotencyCache`](super::IdempotencyCache), whose `get` would take a lease for a result; but a result that is there
//! counts as an outcome, so that callers can move from one to the other.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::lease::{Finish, Lease, LeaseEnd};
use crate::clock::{Clock, UnixMillis};
use crate::json::{self, Object};
use crate::keys::{FENCE, IDEMPOTENCY, IDEMPOTENCY_RUN, Key, LOCK, LOCK_FENCE, Ttl};
use crate::store::{ClaimOrRead, Store, Timed};
use crate::{Error, Result};

/// So many runs under way are unusual.
const MANY_RUNS: usize = 10_000;
/// A run that is older has been forgotten.
const LONGEST_RUN: Duration = Duration::from_secs(86_400);

/// The runs and locks of a process.
pub struct Runs<S> {
    clock: Clock,
    /// Those whose work goes on here, by owner.
    under_way: Mutex<HashMap<String, Arc<Run<S>>>>,
}

struct Run<S> {
    lease: Lease<S>,
    fingerprint: String,
    started_at: UnixMillis,
    is_renewed: bool,
}

/// What a run is to do.
pub struct RunOptions {
    /// How long the outcome is kept.
    pub ttl: Ttl,
    /// How long a run counts as under way without being renewed.
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

/// How the work has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With this value as JSON; `None` if there is none.
    Done(Option<String>),
    /// With a value that could not be stored.
    NoResult,
    /// With this error as JSON.
    Failed(String),
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Nothing.
    Absent,
    /// The work goes on since this time, if known.
    Running(Option<UnixMillis>),
    /// It is done.
    Done(Option<UnixMillis>),
    /// It has failed.
    Failed(Option<UnixMillis>),
}

/// What a key holds.
struct Record {
    state: RunState,
    fingerprint: String,
    outcome: Option<Outcome>,
}

impl Record {
    /// `None` if the text is corrupt.
    fn parse(text: &str) -> Option<Self> {
        let object = Object::parse(text)?;
        let at = object.get("a").and_then(|at| at.parse().ok());
        let fingerprint = object.get("f").and_then(json::text).unwrap_or_default().into_owned();
        let (state, outcome) = match &*json::text(object.get("s")?)? {
            "run" => (RunState::Running(at), None),
            "done" if object.get("n").is_some() => (RunState::Done(at), Some(Outcome::NoResult)),
            "done" => (RunState::Done(at), Some(Outcome::Done(object.get("v").map(str::to_owned)))),
            "fail" => (RunState::Failed(at), Some(Outcome::Failed(object.get("e")?.to_owned()))),
            _ => return None,
        };
        Some(Self { state, fingerprint, outcome })
    }

    fn begun(self, fingerprint: &str) -> Begun {
        if self.fingerprint != fingerprint {
            return Begun::Mismatch;
        }
        self.outcome.map_or(Begun::Wait, Begun::Ended)
    }
}

/// Methods have the errors of [`Store`]. `name` is the caller's key, which [`IDEMPOTENCY_RUN`] has checked.
impl<S: Store + 'static> Runs<S> {
    /// No run yet. `clock` gives the times when runs start.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, under_way: Mutex::default() }
    }

    /// Begins a run on `store`, or tells how the one that is there stands.
    pub async fn begin(&self, store: Arc<S>, keys: &RunKeys, options: RunOptions) -> Result<Begun> {
        let owner = random_owner();
        let started_at = self.clock.now();
        let text = record("run", &owner, &options.fingerprint, started_at, None);
        let claimed = Instant::now();
        let call = Timed::begin(&*store);
        let ttl = options.time_of_claim(store.deadline().is_none());
        let also = std::slice::from_ref(&keys.result);
        let ClaimOrRead { held, also } = call.claim_or_read(&keys.run, &text, ttl, also).await?;
        let result = also.into_iter().next().flatten().filter(|result| json::is_object_or_array(result));
        match (held, result) {
            (None, None) => {}
            (None, Some(result)) => {
                call.compare_and_delete(&keys.run, &text).await?;
                return Ok(Begun::Ended(Outcome::Done(Some(result))));
            }
            (Some(held), result) => {
                let Some(record) = Record::parse(&held) else {
                    call.remove_corrupt(&keys.run, &held).await?;
                    return Ok(Begun::Wait);
                };
                let begun = record.begun(&options.fingerprint);
                return Ok(match result {
                    Some(result) if begun == Begun::Wait => Begun::Ended(Outcome::Done(Some(result))),
                    _ => begun,
                });
            }
        }
        let fence = if options.is_fenced { Some(next_fence(&call, &keys.fence).await?) } else { None };
        let is_kept = store.deadline().is_some();
        let lease = Lease::of(store, keys.run.clone(), text, ttl, claimed);
        let RunOptions { fingerprint, is_blocking, .. } = options;
        self.add(&owner, Run { lease, fingerprint, started_at, is_renewed: !is_blocking });
        Ok(Begun::Run { owner, fence, is_kept })
    }

    /// Takes a lock, which has no outcome.
    pub async fn lock(&self, store: Arc<S>, keys: &LockKeys, options: RunOptions) -> Result<Begun> {
        let owner = random_owner();
        let started_at = self.clock.now();
        let text = record("run", &owner, "", started_at, None);
        let claimed = Instant::now();
        let call = Timed::begin(&*store);
        let ttl = options.time_of_claim(store.deadline().is_none());
        if !call.set_if_absent(&keys.lock, &text, ttl).await? {
            return Ok(Begun::Wait);
        }
        let fence = if options.is_fenced { Some(next_fence(&call, &keys.fence).await?) } else { None };
        let is_kept = store.deadline().is_some();
        let lease = Lease::of(store, keys.lock.clone(), text, ttl, claimed);
        self.add(&owner, Run { lease, fingerprint: String::new(), started_at, is_renewed: true });
        Ok(Begun::Run { owner, fence, is_kept })
    }

    fn add(&self, owner: &str, run: Run<S>) {
        let mut under_way = self.under_way.lock();
        // Those whose thread has ended are never finished.
        if under_way.len() >= MANY_RUNS {
            under_way.retain(|_, run| run.lease.age() < LONGEST_RUN);
        }
        under_way.insert(owner.to_owned(), Arc::new(run));
    }

    /// Keeps the lease of a run until it has ended.
    pub async fn keep(&self, owner: &str, longest: Duration) -> LeaseEnd {
        let Some(run) = self.under_way.lock().get(owner).cloned() else { return LeaseEnd::Over };
        if run.is_renewed { run.lease.keep(longest).await } else { run.lease.wait(longest).await }
    }

    /// Ends a run with its outcome, kept for `ttl`. Returns what another has stored meanwhile, if this run was overtaken.
    pub async fn finish(&self, owner: &str, outcome: &Outcome, ttl: Ttl) -> Result<Option<Begun>> {
        let Some(run) = self.under_way.lock().remove(owner) else { return Ok(None) };
        let (state, value) = match outcome {
            Outcome::Done(value) => ("done", value.as_deref().map(|value| ("v", value))),
            Outcome::NoResult => ("done", Some(("n", "true"))),
            Outcome::Failed(error) => ("fail", Some(("e", &**error))),
        };
        let text = record(state, owner, &run.fingerprint, run.started_at, value);
        match run.lease.finish(&text, ttl).await? {
            Finish::Stored => Ok(None),
            Finish::Overtaken(held) => Ok(Record::parse(&held).map(|record| record.begun(&run.fingerprint))),
        }
    }

    /// Ends a run without an outcome, so that the next caller runs again.
    pub async fn release(&self, owner: &str) -> Result<()> {
        let run = self.under_way.lock().remove(owner);
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
    fn time_of_claim(&self, is_memory: bool) -> Ttl {
        if self.is_blocking {
            self.ttl
        } else if is_memory {
            Ttl::from_duration(self.longest)
        } else {
            self.lease
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

fn record(
    state: &str,
    owner: &str,
    fingerprint: &str,
    started_at: UnixMillis,
    value: Option<(&str, &str)>,
) -> String {
    let fingerprint = json::to_json(&fingerprint);
    let mut text = format!(r#"{{"s":"{state}","o":"{owner}","f":{fingerprint},"a":{started_at}"#);
    if let Some((name, value)) = value {
        // Writing to a string cannot fail.
        let _ = write!(text, r#","{name}":{value}"#);
    }
    text.push('}');
    text
}

impl Begun {
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

impl RunState {
    /// `{ state, startedAt? }`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (state, at) = match self {
            Self::Absent => ("absent", None),
            Self::Running(at) => ("running", *at),
            Self::Done(at) => ("done", *at),
            Self::Failed(at) => ("failed", *at),
        };
        let at = at.map_or_else(String::new, |at| format!(r#","startedAt":{at}"#));
        format!(r#"{{"state":"{state}"{at}}}"#)
    }
}

#[cfg(test)]
mod tests;
