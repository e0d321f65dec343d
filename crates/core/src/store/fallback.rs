//! The choice between the database and what this process knows by itself.
//!
//! Policy: an outage degrades, a caller's mistake and a refusal reject, and only this file turns one into the other.
//! A key with a write that Redis has not been told of is answered locally until it has been told ([`OfflineStore`]); any
//! other key is asked for in Redis while that is available.

use std::sync::Arc;

use super::circuit_breaker::CircuitBreaker;
use super::metrics::{Class, Metrics, Outcome};
use super::offline::OfflineStore;
use super::{MemoryStore, Prober, RemoteStore};
use crate::clock::Clock;
use crate::config::{MemoryLimits, OnOutage, Policy};
use crate::keys::Key;
use crate::log::Log;
use crate::{Error, Result};

/// A store that answers from `R` while it can be reached and locally while it cannot, or when there is none.
///
/// Clones share everything but the class of their callers.
pub struct FallbackStore<R> {
    shared: Arc<Shared<R>>,
    class: Class,
}

pub(super) struct Shared<R> {
    pub(super) remote: Option<R>,
    pub(super) offline: OfflineStore,
    pub(super) breaker: CircuitBreaker,
    pub(super) metrics: Metrics,
    on_outage: OnOutage,
}

impl<R> Drop for Shared<R> {
    fn drop(&mut self) {
        // The recovery finds that there is nothing to recover any more.
        self.breaker.work.notify_one();
    }
}

impl<R: RemoteStore> FallbackStore<R> {
    /// A store in front of `remote`, and the recovery that someone has to run for it.
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
            breaker: CircuitBreaker::new(clock, log),
            metrics: Metrics::default(),
            on_outage,
        });
        let prober = Prober::new(&shared);
        (Self { shared, class: Class::Manager }, prober)
    }

    /// The same store for calls of `class`.
    #[must_use]
    pub fn for_class(&self, class: Class) -> Self {
        Self { shared: Arc::clone(&self.shared), class }
    }

    /// The database, if one is configured.
    #[must_use]
    pub fn remote(&self) -> Option<&R> {
        self.shared.remote.as_ref()
    }

    /// What this process keeps that Redis does not have.
    #[must_use]
    pub fn memory(&self) -> &MemoryStore {
        &self.shared.offline.memory
    }

    /// Whether every call is answered from memory, at once and on the calling thread.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.shared.remote.is_none()
    }

    /// Whether a database is configured and calls go to it.
    #[must_use]
    pub fn is_remote_available(&self) -> bool {
        self.shared.remote.is_some() && self.shared.breaker.is_available()
    }

    /// The state of the database.
    #[must_use]
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.shared.breaker
    }

    /// What has been counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The writes of this process that Redis has not been told yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.offline.pending()
    }

    /// The copies of values kept for an outage, and their bytes.
    #[must_use]
    pub fn stale_copies(&self) -> (usize, u64) {
        (self.shared.offline.stale.len(), self.shared.offline.stale.bytes())
    }

    /// Takes note of how a call to the database went; the outer error is an outage.
    ///
    /// # Errors
    ///
    /// The outage.
    pub fn observe<T>(&self, result: Result<T>) -> std::result::Result<Result<T>, Error> {
        match result {
            Err(error) if error.is_outage() => {
                self.shared.breaker.failed(&error);
                Err(error)
            }
            reached => {
                self.shared.breaker.reached();
                Ok(reached)
            }
        }
    }

    /// The database, if it is to be asked for `keys`.
    fn remote_for<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> Option<&R> {
        let remote = self.shared.remote.as_ref()?;
        let is_open = self.shared.breaker.is_available() && !self.shared.offline.holds_any(keys);
        is_open.then_some(remote)
    }

    fn offline(&self) -> &OfflineStore {
        &self.shared.offline
    }

    fn count(&self, outcome: Outcome) {
        self.shared.metrics.count(self.class, outcome);
    }

    fn counted<T>(&self, result: Result<T>, outcome: impl FnOnce(&T) -> Outcome) -> Result<T> {
        self.count(result.as_ref().map_or_else(|_| Outcome::Rejected, outcome));
        result
    }

    /// Answers without the database: from `memory` when there is none, by `fallback` when it cannot be used, which
    /// `outage` may tell.
    fn locally<T>(
        &self,
        outage: Option<Error>,
        memory: impl FnOnce(&MemoryStore) -> Result<T>,
        fallback: impl FnOnce(&OfflineStore) -> Result<T>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<T> {
        let shared = &*self.shared;
        if shared.remote.is_none() {
            return self.counted(memory(&shared.offline.memory), outcome);
        }
        let is_outage = outage.is_some() || !shared.breaker.is_available();
        if is_outage && shared.on_outage.policy(self.class) == Policy::Reject {
            self.count(Outcome::Rejected);
            let error = outage.or_else(|| shared.breaker.last_error().map(|last| last.error));
            return Err(Error::no_fallback(error.map_or_else(String::new, |error| error.to_string())));
        }
        let result = fallback(&shared.offline);
        if shared.offline.pending() > 0 && shared.breaker.is_available() {
            // A single call has failed; Redis may well be told at once.
            shared.breaker.work.notify_one();
        }
        self.counted(result, |_| Outcome::FellBack)
    }
}

mod as_store;
