//! Values in this process: a map, and an index by expiry, under one mutex.
//!
//! The lock is held for a few map operations and never across an await, so a plain mutex is the fastest there is.
//! Every operation frees a few expired entries; counting, and a write that finds no room, free all of them.
//!
//! The store is bounded by entries and by bytes. When it is full it refuses new entries and never evicts a live one:
//! a lock or a remembered payment that vanishes would let a second charge through.

mod limits;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use parking_lot::Mutex;

use super::{ClaimOrRead, Guess, Operation, Output, Store, Swap, Write};
use crate::clock::{Clock, SteadyMillis};
use crate::config::MemoryLimits;
use crate::keys::{Expiry, Key, loggable_prefix};
use crate::{Error, Result};

/// An operation adds one entry at most, so freeing two keeps up, and none pays for many that expired together.
const FREED_PER_OPERATION: usize = 2;

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

struct Entries {
    by_key: HashTable<Entry>,
    hasher: RandomState,
    /// The hash of each key with a TTL, by when it expires and its entry's number.
    by_expiry: BTreeMap<(SteadyMillis, u64), u64>,
    last_number: u64,
    /// Of all keys and values.
    bytes: usize,
    limits: MemoryLimits,
}

#[derive(Clone)]
struct Entry {
    /// The key followed by the value: one allocation, so that a read among a million entries misses the processor's
    /// caches once and not twice.
    text: Box<str>,
    key_length: usize,
    expires_at: Option<SteadyMillis>,
    /// Tells entries apart that expire together.
    number: u64,
}

impl Entry {
    fn key(&self) -> &str {
        &self.text[..self.key_length]
    }

    fn value(&self) -> &str {
        &self.text[self.key_length..]
    }

    fn is_live(&self, now: SteadyMillis) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(limits: MemoryLimits, clock: Clock) -> Self {
        let entries = Entries {
            by_key: HashTable::new(),
            hasher: RandomState::new(),
            by_expiry: BTreeMap::new(),
            last_number: 0,
            bytes: 0,
            limits,
        };
        Self { entries: Mutex::new(entries), clock }
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

impl Entries {
    fn run(&mut self, operation: Operation<'_>, clock: &Clock) -> Result<Output> {
        let now = clock.steady();
        self.free_expired(now, FREED_PER_OPERATION);
        match operation {
            Operation::Get { key } => Ok(Output::Value(self.value(key, now))),
            Operation::GetMany { keys } | Operation::GetManyFromPrimary { keys } => {
                Ok(Output::Values(keys.iter().map(|key| self.value(key, now)).collect()))
            }
            Operation::Set { key, value, expiry } => {
                self.put(key, value, expiry.expires_at(clock), now).map(|()| Output::Done)
            }
            Operation::SetIfAbsent { key, value, ttl } => {
                let is_absent = self.live(key, now).is_none();
                if is_absent {
                    self.put(key, value, Expiry::After(ttl).expires_at(clock), now)?;
                }
                Ok(Output::Flag(is_absent))
            }
            Operation::ClaimOrRead { key, value, ttl, also } => {
                let held = self.value(key, now);
                if held.is_none() {
                    self.put(key, value, Expiry::After(ttl).expires_at(clock), now)?;
                }
                let also = also.iter().map(|key| self.value(key, now)).collect();
                Ok(Output::Claim(ClaimOrRead { held, also }))
            }
            Operation::Delete { keys } => {
                let removed = keys.iter().filter(|key| self.take(key, now).is_some());
                Ok(Output::Count(removed.count() as u64))
            }
            Operation::Release { key } => Ok(Output::Flag(self.take(key, now).is_some())),
            Operation::Exists { key } => Ok(Output::Flag(self.live(key, now).is_some())),
            Operation::NextNumber { key } => self.increment(key, 1, None, now).map(Output::Sum),
            Operation::Increment { key, by } => self.increment(key, by, None, now).map(Output::Sum),
            Operation::IncrementWithin { key, by, ttl } => {
                let expires_at = Expiry::After(ttl).expires_at(clock);
                self.increment(key, by, expires_at, now).map(Output::Sum)
            }
            Operation::SetUnless { key, value, unless, ttl } => {
                let may_set = self.live(key, now).is_none_or(|entry| entry.value() != unless);
                if may_set {
                    self.put(key, value, Expiry::After(ttl).expires_at(clock), now)?;
                }
                Ok(Output::Flag(may_set))
            }
            Operation::Revoke { key, left: Some((value, ttl)) } => {
                self.put(key, value, Expiry::After(ttl).expires_at(clock), now).map(|()| Output::Done)
            }
            Operation::Revoke { key, left: None } => {
                self.remove(key);
                Ok(Output::Done)
            }
            Operation::Scan { prefix } => {
                let live = self.by_key.iter().filter(|entry| entry.is_live(now));
                let names = live.map(Entry::key).filter(|name| name.starts_with(prefix));
                Ok(Output::Names(names.map(str::to_owned).collect()))
            }
            Operation::Expire { key, ttl } => {
                let value = self.value(key, now);
                if let Some(value) = &value {
                    self.put(key, value, Expiry::After(ttl).expires_at(clock), now)?;
                }
                Ok(Output::Flag(value.is_some()))
            }
            Operation::GetAndDelete { key } => Ok(Output::Value(self.take(key, now))),
            Operation::CompareAndSet { key, expected, new, ttl } => match self.live(key, now) {
                None => Ok(Output::Swap(Swap::Absent)),
                Some(entry) if entry.value() != expected => {
                    Ok(Output::Swap(Swap::Changed(entry.value().to_owned())))
                }
                Some(entry) => {
                    let kept = entry.expires_at;
                    let expires_at = ttl.map_or(kept, |ttl| Expiry::After(ttl).expires_at(clock));
                    self.put(key, new, expires_at, now)?;
                    Ok(Output::Swap(Swap::Done))
                }
            },
            Operation::CompareAndDelete { key, expected } => {
                let matches = self.live(key, now).is_some_and(|entry| entry.value() == expected);
                if matches {
                    self.remove(key);
                }
                Ok(Output::Flag(matches))
            }
            Operation::Admit { limits } => self.admit(limits, now).map(Output::Admission),
            Operation::Verify { key, hash } => self.verify(key, hash, now).map(Output::Guess),
            Operation::Apply { writes } => self.apply(writes, clock).map(|()| Output::Done),
        }
    }

    fn get(&self, key: &Key) -> Option<&Entry> {
        let hash = self.hasher.hash_one(key.as_str());
        self.by_key.find(hash, |entry| entry.key() == key.as_str())
    }

    fn live(&self, key: &Key, now: SteadyMillis) -> Option<&Entry> {
        self.get(key).filter(|entry| entry.is_live(now))
    }

    fn value(&self, key: &Key, now: SteadyMillis) -> Option<String> {
        self.live(key, now).map(|entry| entry.value().to_owned())
    }

    /// Stores an entry if there is room; one that has expired already leaves none behind.
    fn put(
        &mut self,
        key: &Key,
        value: &str,
        expires_at: Option<SteadyMillis>,
        now: SteadyMillis,
    ) -> Result<()> {
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            self.remove(key);
            return Ok(());
        }
        self.make_room(key, key.as_str().len() + value.len(), now)?;
        self.insert(key, value, expires_at);
        Ok(())
    }

    fn insert(&mut self, key: &Key, value: &str, expires_at: Option<SteadyMillis>) {
        self.remove(key);
        let hash = self.hasher.hash_one(key.as_str());
        self.last_number += 1;
        let number = self.last_number;
        if let Some(expires_at) = expires_at {
            self.by_expiry.insert((expires_at, number), hash);
        }
        let text = [key.as_str(), value].concat().into_boxed_str();
        self.bytes += text.len();
        let entry = Entry { text, key_length: key.as_str().len(), expires_at, number };
        let hasher = &self.hasher;
        self.by_key.insert_unique(hash, entry, |entry| hasher.hash_one(entry.key()));
    }

    fn remove(&mut self, key: &Key) -> Option<Entry> {
        let hash = self.hasher.hash_one(key.as_str());
        let found = self.by_key.find_entry(hash, |entry| entry.key() == key.as_str()).ok()?;
        let (entry, _) = found.remove();
        if let Some(expires_at) = entry.expires_at {
            self.by_expiry.remove(&(expires_at, entry.number));
        }
        self.bytes -= entry.text.len();
        Some(entry)
    }

    /// Removes `key`; its value if it was live.
    fn take(&mut self, key: &Key, now: SteadyMillis) -> Option<String> {
        self.remove(key).filter(|entry| entry.is_live(now)).map(|entry| entry.value().to_owned())
    }

    /// Frees up to `most` expired entries.
    fn free_expired(&mut self, now: SteadyMillis, most: usize) {
        for _ in 0..most {
            match self.by_expiry.first_entry() {
                Some(first) if first.key().0 <= now => {
                    let ((_, number), hash) = first.remove_entry();
                    if let Ok(found) = self.by_key.find_entry(hash, |entry| entry.number == number) {
                        self.bytes -= found.remove().0.text.len();
                    }
                }
                _ => return,
            }
        }
    }

    /// Makes sure that an entry of `bytes` fits, in the place of the key's present one if there is one.
    fn make_room(&mut self, key: &Key, bytes: usize, now: SteadyMillis) -> Result<()> {
        let MemoryLimits { entries: most_entries, bytes: most_bytes } = self.limits;
        if self.by_key.len() < most_entries && self.bytes + bytes <= most_bytes {
            return Ok(());
        }
        self.free_expired(now, usize::MAX);
        let (replaced, replaced_bytes) = self.get(key).map_or((0, 0), |old| (1, old.text.len()));
        if self.by_key.len() - replaced >= most_entries {
            return Err(Error::full(format!("{most_entries} entries")));
        }
        if self.bytes - replaced_bytes + bytes > most_bytes {
            return Err(Error::full(format!("{most_bytes} bytes")));
        }
        Ok(())
    }

    /// `expires_at` is for a counter that has no expiry.
    fn increment(
        &mut self,
        key: &Key,
        by: i64,
        expires_at: Option<SteadyMillis>,
        now: SteadyMillis,
    ) -> Result<i64> {
        let refused = |text: &str| Error::refused("INCRBY", loggable_prefix(key.as_str()), text);
        let (old, expires_at) = match self.live(key, now) {
            None => (0, expires_at),
            Some(entry) => {
                let number = redis_integer(entry.value())
                    .ok_or_else(|| refused("ERR value is not an integer or out of range"))?;
                (number, entry.expires_at.or(expires_at))
            }
        };
        let sum = old.checked_add(by).ok_or_else(|| refused("ERR increment or decrement would overflow"))?;
        self.put(key, &sum.to_string(), expires_at, now)?;
        Ok(sum)
    }

    fn verify(&mut self, key: &Key, hash: &str, now: SteadyMillis) -> Result<Guess> {
        let Some(entry) = self.live(key, now) else { return Ok(Guess::Absent) };
        let expires_at = entry.expires_at;
        let guess = Guess::at(entry.value().to_owned(), hash);
        match &guess {
            Guess::Absent => {}
            Guess::Wrong { after, .. } => self.put(key, after, expires_at, now)?,
            Guess::Right { .. } | Guess::Locked { .. } => drop(self.remove(key)),
        }
        Ok(guess)
    }

    fn apply(&mut self, writes: &[Write], clock: &Clock) -> Result<()> {
        let now = clock.steady();
        let keys = writes.iter().map(Write::key);
        let before: Vec<_> = keys.map(|key| (key, self.live(key, now).cloned())).collect();
        for write in writes {
            let written = match write {
                Write::Set { key, value, expiry } => self.put(key, value, expiry.expires_at(clock), now),
                Write::Delete { key } => {
                    self.remove(key);
                    Ok(())
                }
            };
            if written.is_err() {
                self.restore(before);
                return written;
            }
        }
        Ok(())
    }

    /// Undoes a group that did not fit.
    fn restore(&mut self, before: Vec<(&Key, Option<Entry>)>) {
        for (key, entry) in before {
            self.remove(key);
            if let Some(entry) = entry {
                self.insert(key, entry.value(), entry.expires_at);
            }
        }
    }
}

/// The integer that Redis would read from `text`: no sign but a minus, no leading zero, no space.
fn redis_integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests;
