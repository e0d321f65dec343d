//! The choice between the database and what this process knows by itself.
//!
//! Policy: an outage degrades, a caller's mistake and a refusal reject, and only this file turns one into the other.
//! A key with a write that Redis has not been told of is answered locally until it has been told ([`Local`]); any
//! other key is asked for in Redis while that is available.

use std::sync::Arc;

use super::availability::Availability;
use super::local::Local;
use super::metrics::{Class, Metrics, Outcome};
use super::{Database, MemoryStore, Recovery, Store, Swap, Write};
use crate::clock::Clock;
use crate::config::{MemoryLimits, OnOutage, Policy};
use crate::keys::{Expiry, Key, Ttl};
use crate::notice::Notices;
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
    pub(super) local: Local,
    pub(super) availability: Availability,
    pub(super) metrics: Metrics,
    on_outage: OnOutage,
}

impl<R> Drop for Shared<R> {
    fn drop(&mut self) {
        // The recovery finds that there is nothing to recover any more.
        self.availability.work.notify_one();
    }
}

impl<R: Database> FallbackStore<R> {
    /// A store in front of `remote`, and the recovery that someone has to run for it.
    #[must_use]
    pub fn new(
        remote: Option<R>,
        limits: MemoryLimits,
        on_outage: OnOutage,
        clock: Clock,
        notices: Notices,
    ) -> (Self, Recovery<R>) {
        let shared = Arc::new(Shared {
            remote,
            local: Local::new(limits, clock.clone()),
            availability: Availability::new(clock, notices),
            metrics: Metrics::default(),
            on_outage,
        });
        let recovery = Recovery::new(&shared);
        (Self { shared, class: Class::Manager }, recovery)
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
        &self.shared.local.memory
    }

    /// Whether every call is answered from memory, at once and on the calling thread.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.shared.remote.is_none()
    }

    /// Whether a database is configured and calls go to it.
    #[must_use]
    pub fn is_remote_available(&self) -> bool {
        self.shared.remote.is_some() && self.shared.availability.is_available()
    }

    /// The state of the database.
    #[must_use]
    pub fn availability(&self) -> &Availability {
        &self.shared.availability
    }

    /// What has been counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The writes of this process that Redis has not been told yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.local.pending()
    }

    /// The copies of values kept for an outage, and their bytes.
    #[must_use]
    pub fn copies(&self) -> (usize, u64) {
        (self.shared.local.copies.len(), self.shared.local.copies.bytes())
    }

    /// Takes note of how a call to the database went; the outer error is an outage.
    ///
    /// # Errors
    ///
    /// The outage.
    pub fn observe<T>(&self, result: Result<T>) -> std::result::Result<Result<T>, Error> {
        match result {
            Err(error) if error.is_outage() => {
                self.shared.availability.failed(&error);
                Err(error)
            }
            reached => {
                self.shared.availability.reached();
                Ok(reached)
            }
        }
    }

    /// The database, if it is to be asked for `keys`.
    fn remote_for<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> Option<&R> {
        let remote = self.shared.remote.as_ref()?;
        let is_open = self.shared.availability.is_available() && !self.shared.local.holds_any(keys);
        is_open.then_some(remote)
    }

    fn local(&self) -> &Local {
        &self.shared.local
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
        fallback: impl FnOnce(&Local) -> Result<T>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<T> {
        let shared = &*self.shared;
        if shared.remote.is_none() {
            return self.counted(memory(&shared.local.memory), outcome);
        }
        let is_outage = outage.is_some() || !shared.availability.is_available();
        if is_outage && shared.on_outage.policy(self.class) == Policy::Reject {
            self.count(Outcome::Rejected);
            let error = outage.or_else(|| shared.availability.last_error().map(|last| last.error));
            return Err(Error::no_fallback(error.map_or_else(String::new, |error| error.to_string())));
        }
        let result = fallback(&shared.local);
        if shared.local.pending() > 0 && shared.availability.is_available() {
            // A single call has failed; Redis may well be told at once.
            shared.availability.work.notify_one();
        }
        self.counted(result, |_| Outcome::FellBack)
    }
}

/// Asks the database if it is to be asked, which leaves its result, or else the outage that it ended in.
macro_rules! ask {
    ($self:ident, $keys:expr, $call:ident($($argument:expr),*)) => {
        match $self.remote_for($keys) {
            Some(remote) => $self.observe(remote.$call($($argument),*).await).map_err(Some),
            None => Err(None),
        }
    };
}

fn hit(is_there: bool) -> Outcome {
    if is_there { Outcome::Hit } else { Outcome::Miss }
}

impl<R: Database> Store for FallbackStore<R> {
    async fn get(&self, key: &Key) -> Result<Option<String>> {
        let mark = self.local().copies.read_mark();
        match ask!(self, [key], get(key)) {
            Ok(result) => {
                if let Ok(value) = &result {
                    self.local().copies.read(key, value.as_deref(), mark);
                }
                self.counted(result, |value| hit(value.is_some()))
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.get(key)),
                |local| Ok(local.get(key)),
                |value| hit(value.is_some()),
            ),
        }
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<String>>> {
        let any = |values: &Vec<Option<String>>| hit(values.iter().any(Option::is_some));
        let mark = self.local().copies.read_mark();
        match ask!(self, keys, get_many(keys)) {
            Ok(result) => {
                if let Ok(values) = &result {
                    for (key, value) in keys.iter().zip(values) {
                        self.local().copies.read(key, value.as_deref(), mark);
                    }
                }
                self.counted(result, any)
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.get_many(keys)),
                |local| Ok(local.get_many(keys)),
                any,
            ),
        }
    }

    async fn set(&self, key: &Key, value: &str, expiry: Expiry) -> Result<()> {
        let stored = |(): &()| Outcome::Stored;
        match ask!(self, [key], set(key, value, expiry)) {
            Ok(result) => {
                if result.is_ok() {
                    self.local().copies.wrote(key, value, expiry);
                }
                self.counted(result, stored)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.set(key, value, expiry),
                |local| local.set(key, value, expiry),
                stored,
            ),
        }
    }

    async fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> Result<bool> {
        let outcome = |is_granted: &bool| if *is_granted { Outcome::Stored } else { Outcome::Hit };
        match ask!(self, [key], set_if_absent(key, value, ttl)) {
            Ok(result) => {
                if let Ok(true) = result {
                    self.local().copies.wrote(key, value, Expiry::After(ttl));
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.set_if_absent(key, value, ttl),
                |local| local.set_if_absent(key, value, ttl),
                outcome,
            ),
        }
    }

    async fn delete(&self, keys: &[Key]) -> Result<u64> {
        let stored = |_: &u64| Outcome::Stored;
        match ask!(self, keys, delete(keys)) {
            Ok(result) => {
                if result.is_ok() {
                    for key in keys {
                        self.local().copies.removed(key);
                    }
                }
                self.counted(result, stored)
            }
            Err(outage) => {
                self.locally(outage, |memory| Ok(memory.delete(keys)), |local| local.delete(keys), stored)
            }
        }
    }

    async fn exists(&self, key: &Key) -> Result<bool> {
        let outcome = |is_there: &bool| hit(*is_there);
        match ask!(self, [key], exists(key)) {
            Ok(result) => self.counted(result, outcome),
            Err(outage) => {
                self.locally(outage, |memory| Ok(memory.exists(key)), |local| Ok(local.exists(key)), outcome)
            }
        }
    }

    async fn increment(&self, key: &Key, by: i64) -> Result<i64> {
        let stored = |_: &i64| Outcome::Stored;
        match ask!(self, [key], increment(key, by)) {
            Ok(result) => {
                if let Ok(sum) = result {
                    self.local().copies.counted(key, sum);
                }
                self.counted(result, stored)
            }
            // It may have been counted. To count again could count twice, so Redis keeps what it has.
            Err(Some(outage)) if !outage.is_unsent() => self.locally(
                Some(outage),
                |memory| memory.increment(key, by),
                |local| Ok(local.estimate(key, by)),
                stored,
            ),
            Err(outage) => self.locally(
                outage,
                |memory| memory.increment(key, by),
                |local| local.increment(key, by),
                stored,
            ),
        }
    }

    async fn expire(&self, key: &Key, ttl: Ttl) -> Result<bool> {
        let outcome = |is_there: &bool| if *is_there { Outcome::Stored } else { Outcome::Miss };
        match ask!(self, [key], expire(key, ttl)) {
            Ok(result) => {
                if let Ok(true) = result {
                    self.local().copies.expires(key, Expiry::After(ttl));
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.expire(key, ttl),
                |local| local.expire(key, ttl),
                outcome,
            ),
        }
    }

    async fn get_and_delete(&self, key: &Key) -> Result<Option<String>> {
        match ask!(self, [key], get_and_delete(key)) {
            Ok(result) => {
                if result.is_ok() {
                    self.local().copies.removed(key);
                }
                self.counted(result, |value| hit(value.is_some()))
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.get_and_delete(key)),
                |local| local.get_and_delete(key),
                |value| hit(value.is_some()),
            ),
        }
    }

    async fn compare_and_set(&self, key: &Key, expected: &str, new: &str, ttl: Ttl) -> Result<Swap> {
        let outcome = |swap: &Swap| match swap {
            Swap::Done => Outcome::Stored,
            Swap::Absent => Outcome::Miss,
            Swap::Changed(_) => Outcome::Hit,
        };
        match ask!(self, [key], compare_and_set(key, expected, new, ttl)) {
            Ok(result) => {
                if let Ok(Swap::Done) = result {
                    self.local().copies.wrote(key, new, Expiry::After(ttl));
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.compare_and_set(key, expected, new, ttl),
                |local| local.compare_and_set(key, expected, new, ttl),
                outcome,
            ),
        }
    }

    async fn compare_and_delete(&self, key: &Key, expected: &str) -> Result<bool> {
        let outcome = |is_done: &bool| if *is_done { Outcome::Stored } else { Outcome::Miss };
        match ask!(self, [key], compare_and_delete(key, expected)) {
            Ok(result) => {
                if let Ok(true) = result {
                    self.local().copies.removed(key);
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.compare_and_delete(key, expected)),
                |local| local.compare_and_delete(key, expected),
                outcome,
            ),
        }
    }

    async fn remove_corrupt(&self, key: &Key, text: &str) -> Result<()> {
        if self.compare_and_delete(key, text).await? {
            self.shared.metrics.removed_corrupt();
        }
        Ok(())
    }

    async fn apply(&self, writes: &[Write]) -> Result<()> {
        let stored = |(): &()| Outcome::Stored;
        match ask!(self, writes.iter().map(Write::key), apply(writes)) {
            Ok(result) => {
                if result.is_ok() {
                    for write in writes {
                        self.local().copies.applied(write);
                    }
                }
                self.counted(result, stored)
            }
            Err(outage) => {
                self.locally(outage, |memory| memory.apply(writes), |local| local.apply(writes), stored)
            }
        }
    }
}
