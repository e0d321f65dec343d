//! What this process knows without Redis: the values of its pending writes, and stale copies.
//!
//! Every acknowledged write leaves a [`PendingWrite`], and its key is served from memory until that is replayed: a value
//! never vanishes in between, and no call on the key overtakes the replay. Nothing acknowledged is dropped; a write for
//! which there is no room is refused instead.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::mutation::Mutation;
use super::pending_write::{PendingWrite, Step};
use super::stale::StaleCopies;
use super::{MemoryStore, Operation, Output};
use crate::clock::Clock;
use crate::config::MemoryLimits;
use crate::keys::{Key, Ttl};
use crate::{Error, Result};

/// The side of a [`FallbackStore`](super::FallbackStore) that needs no network.
pub(super) struct OfflineStore {
    /// The values of keys with a pending write; without a database, all values.
    pub(super) memory: MemoryStore,
    pub(super) stale: StaleCopies,
    /// Wakes those that wait for a step to end.
    pub(super) step_ended: Notify,
    pending: Mutex<PendingWrites>,
    /// The number of pending writes, readable without the lock.
    count: AtomicUsize,
    /// Of the mutations; changed under the lock only.
    latest_version: AtomicU64,
    limits: MemoryLimits,
}

#[derive(Default)]
struct PendingWrites {
    by_key: HashMap<Key, Entry>,
    /// In the order of their latest mutations, in which they are replayed.
    by_version: BTreeMap<u64, Key>,
    /// Of the keys and of the texts that pending writes keep.
    bytes: usize,
}

struct Entry {
    write: PendingWrite,
    /// Grows with every mutation, so that a replay can tell whether there was one meanwhile.
    version: u64,
    /// Whether a step of it is on its way to Redis. There is one at a time.
    is_in_flight: bool,
    /// Whether there was only one mutation.
    is_single: bool,
    bytes: usize,
}

/// How Redis has answered a step.
pub(super) enum StepResult {
    /// It is done.
    Executed,
    /// No reply, and it may be done. An addition is not sent again.
    Lost,
    /// It is not done, but may be later.
    NotExecuted,
    /// It will not be done: another instance has written, or the key holds another type.
    GivenUp,
}

/// The steps for some keys.
pub(super) struct StepsOfKeys {
    pub(super) steps: Vec<Step>,
    /// Whether another caller's step of one of the keys is in flight.
    pub(super) is_one_in_flight: bool,
}

impl OfflineStore {
    pub(super) fn new(limits: MemoryLimits, clock: Clock) -> Self {
        Self {
            memory: MemoryStore::new(limits, clock.clone()),
            stale: StaleCopies::new(clock),
            step_ended: Notify::new(),
            pending: Mutex::default(),
            count: AtomicUsize::new(0),
            latest_version: AtomicU64::new(0),
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

    /// Runs an operation on what this process knows. A write becomes pending. `is_lost` says that it was sent and
    /// its reply was lost.
    pub(super) fn run(&self, operation: Operation<'_>, is_lost: bool) -> Result<Output> {
        let mut pending = self.pending.lock();
        if !operation.is_read() {
            self.check_room(&pending, operation)?;
        }
        // Memory gets the stale copies for the time of the operation.
        for key in pending.missing(operation) {
            if let Some(held) = self.stale.get(key) {
                self.memory.insert(key, &held);
            }
        }
        // Only operations on a single key ask.
        let was_live = operation.keys().next().is_some_and(|key| self.memory.contains(key));
        let result = self.memory.run(operation);
        if let Ok(output) = &result {
            operation.for_each_mutation(output, |key, mutation| {
                self.record(&mut pending, key, was_live, mutation);
                if is_lost && let Some(entry) = pending.by_key.get_mut(key) {
                    let sent = entry.write.replay(self.memory.entry(key));
                    entry.write.lost(&sent, true);
                }
            });
        }
        for key in pending.missing(operation) {
            self.memory.remove(key);
        }
        result
    }

    /// The sum of a counter after an increment that Redis may have counted. It does not become pending, because it
    /// could be counted twice.
    pub(super) fn estimate(&self, key: &Key, by: i64, within: Option<Ttl>) -> i64 {
        let pending = self.pending.lock();
        let known =
            if pending.by_key.contains_key(key) { self.memory.entry(key) } else { self.stale.get(key) };
        let before = known.and_then(|held| held.value.parse::<i64>().ok()).unwrap_or(0);
        let sum = before.saturating_add(by);
        self.stale.counted(key, sum, within);
        sum
    }

    /// Forgets the pending writes of an operation whose caller is told that it failed, unless they stand for other calls,
    /// too.
    pub(super) fn withdraw(&self, operation: Operation<'_>) {
        let mut pending = self.pending.lock();
        for key in operation.keys() {
            if pending.by_key.get(key).is_some_and(|entry| entry.is_single) {
                self.stale.removed(key);
                self.forget(&mut pending, key);
            }
        }
    }

    /// Has a claim removed that Redis may hold though its caller was told that it failed. Nobody else has its text. If there
    /// is no room, it ends by itself.
    pub(super) fn abandon(&self, key: &Key, text: &str) {
        let mut pending = self.pending.lock();
        let operation = Operation::CompareAndDelete { key, expected: text };
        if !pending.by_key.contains_key(key) && self.check_room(&pending, operation).is_ok() {
            self.record(&mut pending, key, true, Mutation::Delete { expected: Some(text) });
        }
    }

    fn check_room(&self, pending: &PendingWrites, operation: Operation<'_>) -> Result<()> {
        let (count, bytes) = pending
            .missing(operation)
            .fold((0, 0), |(count, bytes), key| (count + 1, bytes + key.as_str().len()));
        if pending.by_key.len() + count > self.limits.entries {
            return Err(Error::full(format!("{} entries", self.limits.entries)));
        }
        if pending.bytes + bytes > self.limits.bytes {
            return Err(Error::full(format!("{} bytes", self.limits.bytes)));
        }
        Ok(())
    }

    fn record(&self, pending: &mut PendingWrites, key: &Key, was_live: bool, mutation: Mutation<'_>) {
        let version = self.latest_version.fetch_add(1, Relaxed) + 1;
        pending.by_version.insert(version, key.clone());
        if let Some(entry) = pending.by_key.get_mut(key) {
            pending.by_version.remove(&entry.version);
            entry.version = version;
            entry.is_single = false;
            entry.write.then(was_live, mutation);
            return;
        }
        let write = PendingWrite::new(mutation, self.stale.last_text(key), was_live);
        let bytes = key.as_str().len() + write.text_bytes();
        pending.bytes += bytes;
        let entry = Entry { write, version, is_in_flight: false, is_single: true, bytes };
        pending.by_key.insert(key.clone(), entry);
        self.count.store(pending.by_key.len(), Relaxed);
    }

    /// Up to `most` steps of the writes after `version`, oldest first. The caller ends each of them with `ended`.
    pub(super) fn steps(&self, after: u64, most: usize) -> Vec<Step> {
        let mut pending = self.pending.lock();
        let PendingWrites { by_key, by_version, .. } = &mut *pending;
        let mut steps = Vec::new();
        for (_, key) in by_version.range(after + 1..) {
            if steps.len() == most {
                break;
            }
            steps.extend(by_key.get_mut(key).and_then(|entry| self.step(key, entry)));
        }
        steps
    }

    /// The version of the latest mutation.
    pub(super) fn latest_version(&self) -> u64 {
        self.latest_version.load(Relaxed)
    }

    /// The steps of `keys`. The caller ends each of them with `ended`.
    pub(super) fn steps_of<'a>(&self, keys: impl Iterator<Item = &'a Key>) -> StepsOfKeys {
        let mut pending = self.pending.lock();
        let mut found = StepsOfKeys { steps: Vec::new(), is_one_in_flight: false };
        for key in keys {
            let Some(entry) = pending.by_key.get_mut(key) else { continue };
            found.is_one_in_flight |= entry.is_in_flight;
            found.steps.extend(self.step(key, entry));
        }
        found
    }

    fn step(&self, key: &Key, entry: &mut Entry) -> Option<Step> {
        if std::mem::replace(&mut entry.is_in_flight, true) {
            return None;
        }
        let replay = entry.write.replay(self.memory.entry(key));
        Some(Step { key: key.clone(), version: entry.version, replay })
    }

    /// Ends a step. A mutation made meanwhile stays for the next one; returns whether there was none.
    pub(super) fn ended(&self, step: &Step, result: &StepResult) -> bool {
        let mut pending = self.pending.lock();
        let Some(entry) = pending.by_key.get_mut(&step.key) else { return true };
        entry.is_in_flight = false;
        let is_current = entry.version == step.version;
        match result {
            StepResult::Executed if is_current => {
                match self.memory.entry(&step.key) {
                    Some(held) => self.stale.wrote(&step.key, held),
                    None => self.stale.removed(&step.key),
                }
                self.forget(&mut pending, &step.key);
            }
            StepResult::Executed => entry.write.without(&step.replay),
            StepResult::Lost => entry.write.lost(&step.replay, is_current),
            StepResult::GivenUp if is_current => {
                // The next read asks Redis.
                self.stale.removed(&step.key);
                self.forget(&mut pending, &step.key);
            }
            StepResult::NotExecuted | StepResult::GivenUp => {}
        }
        drop(pending);
        self.step_ended.notify_waiters();
        is_current
    }

    fn forget(&self, pending: &mut PendingWrites, key: &Key) {
        if let Some(entry) = pending.by_key.remove(key) {
            pending.by_version.remove(&entry.version);
            pending.bytes -= entry.bytes;
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
