//! What this process knows without Redis: the values of its pending writes, and stale copies.
//!
//! Every acknowledged write leaves a [`PendingWrite`], and its key is served from memory until that is replayed: a value
//! never vanishes in between, and no call on the key overtakes the replay. Nothing acknowledged is dropped; a write for
//! which there is no room is refused instead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;

use super::mutation::Mutation;
use super::pending_write::{PendingWrite, Replay, Step};
use super::stale::StaleCopies;
use super::{MemoryStore, Operation, Output};
use crate::clock::Clock;
use crate::config::MemoryLimits;
use crate::keys::Key;
use crate::{Error, Result};

/// The side of a [`FallbackStore`](super::FallbackStore) that needs no network.
pub(super) struct OfflineStore {
    /// The values of keys with a pending write; without a database, all values.
    pub(super) memory: MemoryStore,
    pub(super) stale: StaleCopies,
    pending: Mutex<PendingWrites>,
    /// The number of pending writes, readable without the lock.
    count: AtomicUsize,
    limits: MemoryLimits,
}

#[derive(Default)]
struct PendingWrites {
    by_key: HashMap<Key, Versioned>,
    key_bytes: usize,
    latest_version: u64,
}

#[derive(Clone, Copy)]
struct Versioned {
    write: PendingWrite,
    /// Grows with every mutation, so that a replay can tell whether there was one meanwhile.
    version: u64,
}

impl OfflineStore {
    pub(super) fn new(limits: MemoryLimits, clock: Clock) -> Self {
        Self {
            memory: MemoryStore::new(limits, clock.clone()),
            stale: StaleCopies::new(clock),
            pending: Mutex::default(),
            count: AtomicUsize::new(0),
            limits,
        }
    }

    /// The number of pending writes.
    pub(super) fn pending(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether one of `keys` has a pending write.
    pub(super) fn has_pending<'a>(&self, mut keys: impl Iterator<Item = &'a Key>) -> bool {
        self.pending() > 0 && {
            let pending = self.pending.lock();
            keys.any(|key| pending.by_key.contains_key(key))
        }
    }

    /// Runs an operation on what this process knows. A write becomes pending.
    pub(super) fn run(&self, operation: Operation<'_>) -> Result<Output> {
        let mut pending = self.pending.lock();
        if !operation.is_read() {
            self.check_room(&pending, operation)?;
        }
        // Memory gets the stale copies for the time of the operation.
        for key in pending.missing(operation) {
            if let Some((value, expiry)) = self.stale.get(key) {
                self.memory.insert(key, &value, expiry);
            }
        }
        // Only operations on a single key ask.
        let was_live = operation.keys().next().is_some_and(|key| self.memory.contains(key));
        let result = self.memory.run(operation);
        if let Ok(output) = &result {
            operation.for_each_mutation(output, |key, mutation| {
                self.record(&mut pending, key, was_live, mutation);
            });
        }
        for key in pending.missing(operation) {
            self.memory.remove(key);
        }
        result
    }

    /// The sum of a counter after an increment that Redis may have counted. It does not become pending, because it
    /// could be counted twice.
    pub(super) fn estimate(&self, key: &Key, by: i64) -> i64 {
        let pending = self.pending.lock();
        let known =
            if pending.by_key.contains_key(key) { self.memory.entry(key) } else { self.stale.get(key) };
        let before = known.and_then(|(value, _)| value.parse::<i64>().ok()).unwrap_or(0);
        let sum = before.saturating_add(by);
        self.stale.counted(key, sum);
        sum
    }

    fn check_room(&self, pending: &PendingWrites, operation: Operation<'_>) -> Result<()> {
        let (count, bytes) = pending
            .missing(operation)
            .fold((0, 0), |(count, bytes), key| (count + 1, bytes + key.as_str().len()));
        if pending.by_key.len() + count > self.limits.entries {
            return Err(Error::full(format!("{} entries", self.limits.entries)));
        }
        if pending.key_bytes + bytes > self.limits.bytes {
            return Err(Error::full(format!("{} bytes", self.limits.bytes)));
        }
        Ok(())
    }

    fn record(&self, pending: &mut PendingWrites, key: &Key, was_live: bool, mutation: Mutation<'_>) {
        pending.latest_version += 1;
        let version = pending.latest_version;
        if let Some(present) = pending.by_key.get_mut(key) {
            *present =
                Versioned { write: PendingWrite::after(Some(present.write), was_live, mutation), version };
            return;
        }
        let write = PendingWrite::after(None, was_live, mutation);
        pending.key_bytes += key.as_str().len();
        pending.by_key.insert(key.clone(), Versioned { write, version });
        self.count.store(pending.by_key.len(), Relaxed);
    }

    /// Up to `most` steps of the replay.
    pub(super) fn steps(&self, most: usize) -> Vec<Step> {
        let pending = self.pending.lock();
        let writes = pending.by_key.iter().take(most);
        writes
            .map(|(key, Versioned { write, version })| Step {
                key: key.clone(),
                version: *version,
                replay: write.replay(self.memory.entry(key)),
            })
            .collect()
    }

    /// Ends a pending write that Redis has executed. A mutation made meanwhile stays for the next replay.
    pub(super) fn replayed(&self, step: &Step) {
        let mut pending = self.pending.lock();
        let Some(present) = pending.by_key.get_mut(&step.key) else { return };
        if present.version != step.version {
            present.write = present.write.without(&step.replay);
            return;
        }
        if let Some((value, expiry)) = self.memory.entry(&step.key) {
            self.stale.wrote(&step.key, value, expiry);
        } else {
            self.stale.removed(&step.key);
        }
        self.forget(&mut pending, &step.key);
    }

    /// Gives up a pending write that Redis refuses: another instance has claimed the key, or it holds another type.
    pub(super) fn refused(&self, step: &Step) {
        let mut pending = self.pending.lock();
        let is_claim = matches!(step.replay, Replay::Claim(..));
        let Some(present) = pending.by_key.get(&step.key) else { return };
        // A later `set` or `del` of this process counts, whoever claimed the key.
        if present.version == step.version || is_claim && present.write == PendingWrite::Claim {
            self.stale.removed(&step.key);
            self.forget(&mut pending, &step.key);
        }
    }

    fn forget(&self, pending: &mut PendingWrites, key: &Key) {
        if pending.by_key.remove(key).is_some() {
            pending.key_bytes -= key.as_str().len();
            self.count.store(pending.by_key.len(), Relaxed);
        }
        self.memory.remove(key);
    }
}

impl PendingWrites {
    /// The keys of an operation that have no pending write.
    fn missing<'a>(&self, operation: Operation<'a>) -> impl Iterator<Item = &'a Key> {
        operation.keys().filter(|key| !self.by_key.contains_key(*key))
    }
}
