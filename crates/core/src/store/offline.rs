//! What this process knows by itself: what it has been told during an outage, and copies of what it knew before.
//!
//! Every acknowledged write leaves an [`PendingWrite`] on its key, and from then on the key is served from here, until the
//! effect has been replayed: a value never vanishes in between, and no call on the key overtakes the replay. Nothing
//! acknowledged is dropped; a write for which there is no room is refused instead.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};

use super::pending_write::{Mutation, PendingWrite};
use super::replay::{Replay, Step};
use super::stale::StaleCopies;
use super::{MemoryStore, Swap, Write};
use crate::clock::Clock;
use crate::config::MemoryLimits;
use crate::keys::{Expiry, Key, Ttl};
use crate::{Error, Result};

/// The local side of a [`FallbackStore`](super::FallbackStore).
pub(super) struct OfflineStore {
    /// The values of keys with an effect; without a database, all values.
    pub(super) memory: MemoryStore,
    pub(super) stale: StaleCopies,
    pending: Mutex<Pending>,
    /// The number of effects, to be looked at without the lock.
    count: AtomicUsize,
    limits: MemoryLimits,
}

#[derive(Default)]
struct Pending {
    effects: HashMap<Key, Entry>,
    key_bytes: usize,
    latest: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    effect: PendingWrite,
    /// Grows with every change, so that a replay can tell whether there was one meanwhile.
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

    /// The number of effects that Redis has not been told yet.
    pub(super) fn pending(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether one of `keys` has such an effect.
    pub(super) fn holds_any<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> bool {
        self.pending() > 0 && {
            let pending = self.pending.lock();
            keys.into_iter().any(|key| pending.effects.contains_key(key))
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<String> {
        self.known(&self.pending.lock(), key).map(|(value, _)| value.to_string())
    }

    pub(super) fn get_many(&self, keys: &[Key]) -> Vec<Option<String>> {
        let pending = self.pending.lock();
        keys.iter().map(|key| self.known(&pending, key).map(|(value, _)| value.to_string())).collect()
    }

    pub(super) fn exists(&self, key: &Key) -> bool {
        self.known(&self.pending.lock(), key).is_some()
    }

    pub(super) fn set(&self, key: &Key, value: &str, expiry: Expiry) -> Result<()> {
        self.change(key, Mutation::Set, |memory| memory.set(key, value, expiry), |()| true)
    }

    pub(super) fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> Result<bool> {
        self.change(key, Mutation::Claim, |memory| memory.set_if_absent(key, value, ttl), |done| *done)
    }

    pub(super) fn delete(&self, keys: &[Key]) -> Result<u64> {
        let mut pending = self.pending.lock();
        let new: Vec<_> = keys.iter().filter(|key| !pending.effects.contains_key(*key)).collect();
        self.check_room(&pending, &new)?;
        let mut count = 0;
        for key in keys {
            count += u64::from(self.known(&pending, key).is_some());
            self.memory.delete(std::slice::from_ref(key));
            self.record(&mut pending, key, true, Mutation::Delete);
        }
        Ok(count)
    }

    pub(super) fn increment(&self, key: &Key, by: i64) -> Result<i64> {
        self.change(key, Mutation::Increment(by), |memory| memory.increment(key, by), |_| true)
    }

    /// What a counter comes to if an increment has been counted of which that is not known.
    pub(super) fn estimate(&self, key: &Key, by: i64) -> i64 {
        let known = self.known(&self.pending.lock(), key);
        let before = known.and_then(|(value, _)| value.parse::<i64>().ok()).unwrap_or(0);
        let sum = before.saturating_add(by);
        self.stale.counted(key, sum);
        sum
    }

    pub(super) fn expire(&self, key: &Key, ttl: Ttl) -> Result<bool> {
        self.change(key, Mutation::Expire, |memory| memory.expire(key, ttl), |done| *done)
    }

    pub(super) fn get_and_delete(&self, key: &Key) -> Result<Option<String>> {
        self.change(key, Mutation::Delete, |memory| Ok(memory.get_and_delete(key)), |_| true)
    }

    pub(super) fn compare_and_set(&self, key: &Key, expected: &str, new: &str, ttl: Ttl) -> Result<Swap> {
        let swap = |memory: &MemoryStore| memory.compare_and_set(key, expected, new, ttl);
        let mut pending = self.pending.lock();
        // A claim stays one: somebody else's value is not overwritten because its state has changed.
        let change = match pending.effects.get(key).map(|entry| entry.effect) {
            Some(PendingWrite::Claim) => Mutation::Expire,
            _ => Mutation::Set,
        };
        self.change_locked(&mut pending, key, change, swap, |swap| *swap == Swap::Done)
    }

    pub(super) fn compare_and_delete(&self, key: &Key, expected: &str) -> Result<bool> {
        let delete = |memory: &MemoryStore| Ok(memory.compare_and_delete(key, expected));
        self.change(key, Mutation::Delete, delete, |done| *done)
    }

    pub(super) fn apply(&self, writes: &[Write]) -> Result<()> {
        let mut pending = self.pending.lock();
        let new: Vec<_> =
            writes.iter().map(Write::key).filter(|key| !pending.effects.contains_key(*key)).collect();
        self.check_room(&pending, &new)?;
        self.memory.apply(writes)?;
        for write in writes {
            let change = match write {
                Write::Set { .. } => Mutation::Set,
                Write::Delete { .. } => Mutation::Delete,
            };
            self.record(&mut pending, write.key(), true, change);
        }
        Ok(())
    }

    /// The value of `key` as this process knows it, and when it ends.
    fn known(&self, pending: &Pending, key: &Key) -> Option<(Arc<str>, Expiry)> {
        if pending.effects.contains_key(key) { self.memory.entry(key) } else { self.stale.get(key) }
    }

    fn change<T>(
        &self,
        key: &Key,
        change: Mutation,
        act: impl FnOnce(&MemoryStore) -> Result<T>,
        has_changed: impl FnOnce(&T) -> bool,
    ) -> Result<T> {
        self.change_locked(&mut self.pending.lock(), key, change, act, has_changed)
    }

    /// Lets memory `act` on the value that is known, and leaves an effect if that has changed anything.
    fn change_locked<T>(
        &self,
        pending: &mut MutexGuard<'_, Pending>,
        key: &Key,
        change: Mutation,
        act: impl FnOnce(&MemoryStore) -> Result<T>,
        has_changed: impl FnOnce(&T) -> bool,
    ) -> Result<T> {
        let is_new = !pending.effects.contains_key(key);
        let known = self.known(pending, key);
        if is_new {
            self.check_room(pending, &[key])?;
            if let Some((value, expiry)) = &known {
                self.memory.set(key, value, *expiry)?;
            }
        }
        let result = act(&self.memory);
        if result.as_ref().is_ok_and(has_changed) {
            self.record(pending, key, known.is_some(), change);
        } else if is_new {
            self.memory.delete(std::slice::from_ref(key));
        }
        result
    }

    fn check_room(&self, pending: &Pending, new: &[&Key]) -> Result<()> {
        let bytes: usize = new.iter().map(|key| key.as_str().len()).sum();
        if pending.effects.len() + new.len() > self.limits.entries {
            return Err(Error::full(format!("{} entries", self.limits.entries)));
        }
        if pending.key_bytes + bytes > self.limits.bytes {
            return Err(Error::full(format!("{} bytes", self.limits.bytes)));
        }
        Ok(())
    }

    fn record(&self, pending: &mut Pending, key: &Key, was_live: bool, change: Mutation) {
        pending.latest += 1;
        let version = pending.latest;
        if let Some(entry) = pending.effects.get_mut(key) {
            *entry = Entry { effect: PendingWrite::after(Some(entry.effect), was_live, change), version };
            return;
        }
        let effect = PendingWrite::after(None, was_live, change);
        pending.key_bytes += key.as_str().len();
        pending.effects.insert(key.clone(), Entry { effect, version });
        self.count.store(pending.effects.len(), Relaxed);
    }

    /// Up to `most` effects as steps to take in Redis.
    pub(super) fn steps(&self, most: usize) -> Vec<Step> {
        let pending = self.pending.lock();
        let entries = pending.effects.iter().take(most);
        entries.map(|(key, entry)| self.step(key, *entry)).collect()
    }

    fn step(&self, key: &Key, Entry { effect, version }: Entry) -> Step {
        let held = self.memory.entry(key);
        let replay = match (effect, held) {
            (PendingWrite::Set, Some((value, expiry))) => Replay::Set(value, expiry),
            (PendingWrite::Claim, Some((value, expiry))) => Replay::Claim(value, expiry),
            (PendingWrite::Claim, None) => Replay::Nothing,
            (PendingWrite::Increment { by, with_expiry: false }, _) => Replay::Increment(by, None),
            (PendingWrite::Increment { by, with_expiry: true }, Some((_, expiry))) => {
                Replay::Increment(by, Some(expiry))
            }
            (PendingWrite::Expire, Some((_, expiry))) => Replay::Expire(expiry),
            // What has expired is not written back, and what stood there before it is not to come back either.
            (PendingWrite::Delete, _) => Replay::Delete,
            (PendingWrite::Set | PendingWrite::Increment { .. } | PendingWrite::Expire, None) => {
                Replay::DeleteExpired
            }
        };
        Step { key: key.clone(), version, replay }
    }

    /// Takes note that Redis has been told. A change made meanwhile leaves an effect for the next replay.
    pub(super) fn replayed(&self, step: &Step) {
        let mut pending = self.pending.lock();
        let Some(entry) = pending.effects.get_mut(&step.key) else { return };
        if entry.version != step.version {
            entry.effect = match (entry.effect, &step.replay) {
                (PendingWrite::Increment { by, with_expiry }, Replay::Increment(done, _)) => {
                    PendingWrite::Increment { by: by.saturating_sub(*done), with_expiry }
                }
                // The claim has been granted: from now on the value is this process's own.
                (PendingWrite::Claim, Replay::Claim(..)) => PendingWrite::Set,
                (other, _) => other,
            };
            return;
        }
        if let Some((value, expiry)) = self.memory.entry(&step.key) {
            self.stale.wrote(&step.key, value, expiry);
        } else {
            self.stale.removed(&step.key);
        }
        self.forget(&mut pending, &step.key);
    }

    /// Gives an effect up that Redis will not take: somebody else has claimed the key, or it holds another type.
    pub(super) fn refused(&self, step: &Step) {
        let mut pending = self.pending.lock();
        let is_claim = matches!(step.replay, Replay::Claim(..));
        let Some(entry) = pending.effects.get(&step.key) else { return };
        // A later `set` or `del` of this process counts, whoever claimed the key.
        if entry.version == step.version || is_claim && entry.effect == PendingWrite::Claim {
            self.stale.removed(&step.key);
            self.forget(&mut pending, &step.key);
        }
    }

    fn forget(&self, pending: &mut Pending, key: &Key) {
        if pending.effects.remove(key).is_some() {
            pending.key_bytes -= key.as_str().len();
            self.count.store(pending.effects.len(), Relaxed);
        }
        self.memory.delete(std::slice::from_ref(key));
    }
}
