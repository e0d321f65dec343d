//! Values in this process: a map, and an index by expiry, under one mutex.
//!
//! The lock is held for a few map operations and never across an await, so a plain mutex is the fastest there is.
//! Every operation frees a few expired entries; counting, and a write that finds no room, free all of them.
//!
//! The store is bounded by entries and by bytes. When it is full it refuses new entries and never evicts a live one:
//! a lock or a remembered payment that vanishes would let a second charge through.

mod entries;
mod limits;
mod operations;

use std::sync::Arc;

use parking_lot::Mutex;

use self::entries::Entries;
use super::{Operation, Output, Store};
use crate::Result;
use crate::clock::{Clock, SteadyMillis};
use crate::config::MemoryLimits;
use crate::keys::{Expiry, Key};

/// A value, and when it expires; `None` means never.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) value: Arc<str>,
    pub(super) expires_at: Option<SteadyMillis>,
}

/// A bounded map from keys to values with TTLs.
pub struct MemoryStore {
    entries: Mutex<Entries>,
    clock: Clock,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(limits: MemoryLimits, clock: Clock) -> Self {
        Self { entries: Mutex::new(Entries::new(limits)), clock }
    }

    /// The number of live entries.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut entries = self.entries.lock();
        entries.free_expired(self.clock.steady(), usize::MAX);
        entries.by_key.len()
    }

    /// Whether there is no live entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When `key` expires, by the wall clock; `None` when it is absent.
    #[must_use]
    pub fn expiry(&self, key: &Key) -> Option<Expiry> {
        let left = |expires_at: SteadyMillis| expires_at.saturating_sub(self.clock.steady());
        let at = |expires_at| Expiry::At(self.clock.now() + left(expires_at));
        self.entry(key).map(|held| held.expires_at.map_or(Expiry::Never, at))
    }

    /// The value of `key` and when it expires.
    pub(super) fn entry(&self, key: &Key) -> Option<Held> {
        let entries = self.entries.lock();
        let entry = entries.live(key, self.clock.steady())?;
        Some(Held { value: entry.value().into(), expires_at: entry.expires_at })
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.entries.lock().live(key, self.clock.steady()).is_some()
    }

    /// Puts an entry whatever the limits say.
    pub(super) fn insert(&self, key: &Key, held: &Held) {
        self.entries.lock().insert(key, &held.value, held.expires_at);
    }

    pub(super) fn remove(&self, key: &Key) {
        self.entries.lock().remove(key);
    }

    /// Runs an operation on the calling thread; it never waits.
    pub(super) fn run(&self, operation: Operation<'_>) -> Result<Output> {
        self.entries.lock().run(operation, &self.clock)
    }
}

impl Store for MemoryStore {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        self.run(operation)
    }
}

#[cfg(test)]
mod tests;
