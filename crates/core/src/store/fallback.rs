//! The choice between Redis and what this process knows without it.
//!
//! Policy: an outage degrades, a caller's mistake and a refusal reject, and only this file turns one into the other.
//! Keys with pending writes are served from memory ([`OfflineStore`]); other keys go to Redis while it is available.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::time::{Instant, timeout_at};

use super::circuit_breaker::CircuitBreaker;
use super::metrics::{Class, Metrics, Outcome};
use super::offline::{OfflineStore, StepsOfKeys};
use super::replay::{Left, replay_before_the_end, replay_steps};
use super::shared::Shared;
use super::{MemoryStore, Operation, Output, Prober, RemoteStore, Store};
use crate::clock::Clock;
use crate::config::{DOCTOR, MemoryLimits, OnOutage, Policy};
use crate::keys::{Key, Ttl};
use crate::log::{Log, LogMessage};
use crate::{Error, Result};

/// A store that uses `R` while it is available, and memory while it is not or when there is none.
///
/// Clones share everything but the class of their callers.
pub struct FallbackStore<R> {
    shared: Arc<Shared<R>>,
    class: Class,
    /// Replaces the policy of the class.
    policy: Option<Policy>,
}

impl<R: RemoteStore> FallbackStore<R> {
    /// A store in front of `remote`, and its prober, which the caller has to run.
    #[must_use]
    pub fn new(
        remote: Option<R>,
        limits: MemoryLimits,
        on_outage: OnOutage,
        clock: Clock,
        log: Log,
    ) -> (Self, Prober<R>) {
        let shared = Arc::new(Shared {
            remote,
            offline: OfflineStore::new(limits, clock.clone()),
            limits: MemoryStore::new(limits, clock.clone()),
            breaker: CircuitBreaker::new(clock, log.clone()),
            metrics: Metrics::default(),
            on_outage,
            log,
            is_wrong_setting_logged: AtomicBool::new(false),
        });
        let prober = Prober::new(&shared);
        (Self { shared, class: Class::Manager, policy: None }, prober)
    }

    /// The same store for calls of `class`.
    #[must_use]
    pub fn for_class(&self, class: Class) -> Self {
        Self { shared: Arc::clone(&self.shared), class, policy: None }
    }

    /// The same store for calls with a policy of their own, if there is one.
    #[must_use]
    pub fn with_policy(self, policy: Option<Policy>) -> Self {
        Self { policy, ..self }
    }

    /// The remote store, if one is configured.
    #[must_use]
    pub fn remote(&self) -> Option<&R> {
        self.shared.remote.as_ref()
    }

    /// The values that only this process holds.
    #[must_use]
    pub fn memory(&self) -> &MemoryStore {
        &self.shared.offline.memory
    }

    /// Whether there is no remote store, so that memory answers every call at once, on the calling thread.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.shared.remote.is_none()
    }

    /// Whether there is a remote store and calls go to it.
    #[must_use]
    pub fn is_remote_available(&self) -> bool {
        self.shared.remote.is_some() && self.shared.breaker.is_available()
    }

    /// The circuit breaker of the remote store.
    #[must_use]
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.shared.breaker
    }

    /// The counters.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The number of pending writes.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.offline.pending()
    }

    /// Replays what is pending, at most until `deadline`, because the store ends. Returns the number still pending.
    pub async fn replay_before_the_end(&self, deadline: Instant) -> usize {
        if let Some(remote) = &self.shared.remote {
            replay_before_the_end(&self.shared, remote, deadline).await;
        }
        self.pending()
    }

    /// The number of stale copies, and their bytes.
    #[must_use]
    pub fn stale_copies(&self) -> (usize, u64) {
        (self.shared.offline.stale.len(), self.shared.offline.stale.bytes())
    }

    /// Tells the circuit breaker how a call to the remote store went. The outer error is an outage.
    ///
    /// # Errors
    ///
    /// The outage.
    pub fn observe<T>(&self, result: Result<T>) -> std::result::Result<Result<T>, Error> {
        match result {
            Err(error) if error.is_outage() => {
                if error.counts_for_breaker() {
                    self.shared.breaker.failed(&error);
                }
                Err(error)
            }
            reached => {
                self.shared.breaker.reached();
                if let Err(error) = &reached {
                    self.log_wrong_setting(error);
                }
                Ok(reached)
            }
        }
    }

    /// Logs once that a wrong setting has calls refused: each of them rejects, and its caller may hide that.
    fn log_wrong_setting(&self, error: &Error) {
        if error.is_refused_by_setting() && !self.shared.is_wrong_setting_logged.swap(true, Relaxed) {
            self.shared.log.push(LogMessage::Warn(format!("Calls are refused: {error}. {DOCTOR}")));
        }
    }

    /// Runs an operation on what this process knows, because of `outage` or of one before it.
    fn execute_offline(&self, operation: Operation<'_>, outage: Option<&Error>) -> Result<Output> {
        let Shared { offline, breaker, .. } = &*self.shared;
        let is_lost = outage.is_some_and(|error| !error.is_certainly_not_executed());
        if let (true, Some(outage), Some(key)) = (is_lost, outage, operation.takes()) {
            // A copy could be taken once more.
            offline.stale.removed(key);
            return self.counted(operation, Err(Error::unanswered(outage)));
        }
        let is_outage = outage.is_some() || !breaker.is_available();
        if is_outage && self.rejects() {
            if let (true, Some((key, text))) = (is_lost, operation.unique_claim()) {
                offline.abandon(key, text);
            }
            return self.rejected(outage);
        }
        let result = match operation {
            // What is counted in an outage is not replayed.
            Operation::Admit { .. } => return self.admit_offline(operation),
            Operation::Increment { key, by } if is_lost => Ok(self.estimate(key, by, None)),
            Operation::IncrementWithin { key, by, ttl } if is_lost => Ok(self.estimate(key, by, Some(ttl))),
            _ => offline.run(operation, is_lost),
        };
        self.fell_back(result)
    }

    fn estimate(&self, key: &Key, by: i64, within: Option<Ttl>) -> Output {
        self.shared.metrics.replays.count_uncertain();
        Output::Sum(self.shared.offline.estimate(key, by, within))
    }

    /// Counts in a memory of its own, so that a flood of ids leaves the room for claims. If even that is full, nothing is
    /// counted.
    fn admit_offline(&self, operation: Operation<'_>) -> Result<Output> {
        let result = self.shared.limits.run(operation).map(Output::fallen_back);
        self.fell_back(result.map_err(|error| Error::no_fallback(error.to_string())))
    }

    /// Looks whether a write took effect whose reply was lost, and makes it unless another instance has written since.
    ///
    /// It becomes pending for that time: other calls of this process on its keys wait, and several such writes on one
    /// key become one.
    async fn after_loss(
        &self,
        remote: &R,
        operation: Operation<'_>,
        outage: &Error,
        deadline: Instant,
    ) -> Result<Output> {
        let offline = &self.shared.offline;
        let result = offline.run(operation, true);
        if result.is_err() || self.replay_first(remote, operation, deadline).await.is_ok() {
            return self.counted(operation, result);
        }
        if self.rejects() {
            offline.withdraw(operation);
            return self.rejected(Some(outage));
        }
        self.fell_back(result)
    }

    /// Replays the pending writes of an operation's keys, so that it can go to Redis.
    async fn replay_first(&self, remote: &R, operation: Operation<'_>, deadline: Instant) -> Result<()> {
        let Shared { offline, breaker, .. } = &*self.shared;
        while offline.has_pending(operation.keys()) {
            let step_ended = offline.step_ended.notified();
            let StepsOfKeys { steps, is_one_in_flight } = offline.steps_of(operation.keys());
            if steps.is_empty() && is_one_in_flight {
                timeout_at(deadline, step_ended).await.map_err(|_| Error::not_sent(&Error::out_of_time()))?;
                continue;
            }
            match replay_steps(&self.shared, remote, steps, deadline).await {
                Ok(Left::Nothing) => {}
                // What Redis refuses for now stays pending, and the key is served from memory.
                Ok(Left::Refused(error)) => return Err(Error::not_sent(&error)),
                Err(outage) => {
                    if outage.counts_for_breaker() {
                        breaker.failed(&outage);
                    }
                    return Err(Error::not_sent(&outage));
                }
            }
        }
        Ok(())
    }

    fn rejects(&self) -> bool {
        self.outage_policy() != Policy::Memory
    }

    fn rejected(&self, outage: Option<&Error>) -> Result<Output> {
        self.count(Outcome::Rejected);
        let error = outage.cloned().or_else(|| self.shared.breaker.last_error().map(|last| last.error));
        Err(Error::no_fallback(error.map_or_else(String::new, |error| error.to_string())))
    }

    fn fell_back(&self, result: Result<Output>) -> Result<Output> {
        let Shared { offline, breaker, .. } = &*self.shared;
        if offline.pending() > 0 && breaker.is_available() {
            // A single call has failed, and the next may succeed: the prober replays at once.
            breaker.work.notify_one();
        }
        self.count(if result.is_ok() { Outcome::FellBack } else { Outcome::Rejected });
        result
    }

    fn counted(&self, operation: Operation<'_>, result: Result<Output>) -> Result<Output> {
        self.count(result.as_ref().map_or(Outcome::Rejected, |output| operation.outcome(output)));
        result
    }

    fn count(&self, outcome: Outcome) {
        self.shared.metrics.count(self.class, outcome);
    }
}

impl<R: RemoteStore> Store for FallbackStore<R> {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        match &self.shared.remote {
            Some(remote) => self.execute_by(operation, Instant::now() + remote.timeout()).await,
            None => self.counted(operation, self.shared.offline.memory.run(operation)),
        }
    }

    async fn execute_by(&self, operation: Operation<'_>, deadline: Instant) -> Result<Output> {
        let Shared { remote, offline, breaker, .. } = &*self.shared;
        let Some(remote) = remote else { return self.counted(operation, offline.memory.run(operation)) };
        loop {
            if !breaker.is_available() {
                return self.execute_offline(operation, None);
            }
            if offline.has_pending(operation.keys())
                && let Err(error) = Box::pin(self.replay_first(remote, operation, deadline)).await
            {
                return self.execute_offline(operation, Some(&error));
            }
            let (mark, version) = (offline.stale.read_mark(), offline.latest_version());
            match self.observe(remote.execute_by(operation, deadline).await) {
                // A write of the same turn may have lost its reply, and this read may have been sent again before it.
                Ok(_)
                    if operation.is_read()
                        && offline.latest_version() != version
                        && Instant::now() < deadline => {}
                Ok(result) => {
                    if let Ok(output) = &result {
                        offline.stale.follow(operation, output, mark);
                    }
                    return self.counted(operation, result);
                }
                Err(outage)
                    if operation.can_be_looked_up()
                        && !outage.is_certainly_not_executed()
                        && Instant::now() < deadline =>
                {
                    return Box::pin(self.after_loss(remote, operation, &outage, deadline)).await;
                }
                Err(outage) => return self.execute_offline(operation, Some(&outage)),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.shared.remote.as_ref().map(|remote| Instant::now() + remote.timeout())
    }

    fn outage_policy(&self) -> Policy {
        self.policy.unwrap_or_else(|| self.shared.on_outage.policy(self.class))
    }

    fn accepting(self: Arc<Self>) -> Arc<Self> {
        let Self { shared, class, .. } = &*self;
        Arc::new(Self { shared: Arc::clone(shared), class: *class, policy: Some(Policy::Memory) })
    }

    fn removed_corrupt(&self) {
        self.shared.metrics.removed_corrupt();
    }

    fn was_overtaken(&self) {
        if self.shared.metrics.was_overtaken() {
            self.shared.log.push(LogMessage::Warn(
                "A run ended after it had lost its lease to another one, whose result counts. Further ones are only \
                 counted, as overtakenRuns in getMetrics()."
                    .into(),
            ));
        }
    }

    fn missed_in_list(&self, reason: &Error) {
        if self.shared.metrics.missed_in_list() {
            self.shared.log.push(LogMessage::Warn(format!(
                "A session is stored, but missing in the list of its user, which could not be changed: {reason}. \
                 Further ones are only counted, as unlistedSessions in getMetrics()."
            )));
        }
    }
}
