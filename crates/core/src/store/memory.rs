//! Values in this process.
//!
//! The container is moka's: its timer wheels take expired entries out bit by bit, and no operation looks at more
//! than its own keys. An entry ends by its own expiry and the injected clock; moka, which goes by a clock of its own,
//! gives the memory back, about a second later.
//!
//! The store is bounded by entries and by bytes. When it is full it refuses new entries rather than drop a live one:
//! a lock or a remembered payment that vanishes would let a second charge through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use moka::Expiry as MokaExpiry;
use moka::sync::Cache;
use parking_lot::RwLock;

use super::{Swap, Write};
use crate::clock::{Clock, UnixMillis};
use crate::config::MemoryLimits;
use crate::keys::{Expiry, Key, Ttl, loggable_prefix};
use crate::{Error, Result};

/// Up to this many entries are counted one by one, so that the count leaves out what has just expired.
const EXACT_COUNT_LIMIT: usize = 1_000;

/// A bounded map from keys to values with TTLs.
pub struct MemoryStore {
    /// Locked for reading by single reads, for writing by everything else: that makes each operation, and each group,
    /// happen at one moment.
    entries: RwLock<Entries>,
    clock: Clock,
}

struct Entries {
    cache: Cache<String, Entry>,
    used: Arc<Used>,
    limits: MemoryLimits,
    clock: Clock,
}

#[derive(Clone)]
struct Entry {
    value: Arc<str>,
    expires_at: Option<UnixMillis>,
}

impl Entry {
    fn is_live(&self, now: UnixMillis) -> bool {
        self.expires_at.is_none_or(|moment| moment > now)
    }
}

/// What the entries take up, the expired ones included that moka still holds.
#[derive(Default)]
struct Used {
    entries: AtomicUsize,
    bytes: AtomicUsize,
}

impl Used {
    fn add(&self, bytes: usize) {
        self.entries.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    fn subtract(&self, bytes: usize) {
        self.entries.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(bytes, Relaxed);
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(limits: MemoryLimits, clock: Clock) -> Self {
        Self { entries: RwLock::new(Entries::new(limits, clock.clone())), clock }
    }

    /// The number of live entries. Beyond a thousand, entries that expired within about the last second may be
    /// counted, so that the answer takes the same time however many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let entries = self.entries.read();
        entries.cache.run_pending_tasks();
        let held = entries.used.entries.load(Relaxed);
        if held > EXACT_COUNT_LIMIT {
            return held;
        }
        let now = self.clock.now();
        entries.cache.iter().filter(|(_, entry)| entry.is_live(now)).count()
    }

    /// Whether there is no live entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When `key` ends; `None` when it is absent.
    #[must_use]
    pub fn expiry(&self, key: &Key) -> Option<Expiry> {
        self.entries.read().live(key).map(|entry| entry.expires_at.map_or(Expiry::Never, Expiry::At))
    }

    /// The value of `key` and when it ends.
    pub(super) fn entry(&self, key: &Key) -> Option<(Arc<str>, Expiry)> {
        let entry = self.entries.read().live(key)?;
        Some((entry.value, entry.expires_at.map_or(Expiry::Never, Expiry::At)))
    }
}

impl Entries {
    fn new(limits: MemoryLimits, clock: Clock) -> Self {
        let used = Arc::new(Used::default());
        let freed = Arc::clone(&used);
        let cache = Cache::builder()
            .expire_after(Reclaim { clock: clock.clone() })
            .eviction_listener(move |key: Arc<String>, entry: Entry, _| {
                freed.subtract(size(&key, &entry.value));
            })
            .build();
        Self { cache, used, limits, clock }
    }

    fn live(&self, key: &Key) -> Option<Entry> {
        self.cache.get(key.as_str()).filter(|entry| entry.is_live(self.clock.now()))
    }

    fn value(&self, key: &Key) -> Option<String> {
        self.live(key).map(|entry| entry.value.to_string())
    }

    /// Stores an entry; a moment already past leaves none behind.
    fn put(&mut self, key: &Key, value: &str, expires_at: Option<UnixMillis>) -> Result<()> {
        let entry = Entry { value: value.into(), expires_at };
        if !entry.is_live(self.clock.now()) {
            self.cache.invalidate(key.as_str());
            return Ok(());
        }
        self.make_room(key, size(key.as_str(), value))?;
        self.insert(key, entry);
        Ok(())
    }

    fn put_new(&mut self, key: &Key, value: &str, expiry: Expiry) -> Result<()> {
        self.put(key, value, expiry.expires_at(self.clock.now()))
    }

    fn insert(&mut self, key: &Key, entry: Entry) {
        self.used.add(size(key.as_str(), &entry.value));
        self.cache.insert(key.as_str().to_owned(), entry);
    }

    /// Makes sure that an entry of `bytes` fits, in the place of the key's present one if there is one.
    fn make_room(&self, key: &Key, bytes: usize) -> Result<()> {
        let Used { entries: held, bytes: held_bytes } = &*self.used;
        if held.load(Relaxed) < self.limits.entries && held_bytes.load(Relaxed) + bytes <= self.limits.bytes {
            return Ok(());
        }
        self.cache.run_pending_tasks();
        let replaced = self.live(key);
        if replaced.is_none() {
            // It may have expired without having been taken out yet.
            self.cache.invalidate(key.as_str());
        }
        let (given, given_bytes) = replaced.map_or((0, 0), |old| (1, size(key.as_str(), &old.value)));
        if held.load(Relaxed) - given >= self.limits.entries {
            return Err(Error::full(format!("{} entries", self.limits.entries)));
        }
        if held_bytes.load(Relaxed) - given_bytes + bytes > self.limits.bytes {
            return Err(Error::full(format!("{} bytes", self.limits.bytes)));
        }
        Ok(())
    }

    fn remove(&mut self, key: &Key) -> Option<Entry> {
        let live = self.live(key);
        self.cache.invalidate(key.as_str());
        live
    }

    fn write(&mut self, write: &Write) -> Result<()> {
        match write {
            Write::Set { key, value, expiry } => self.put_new(key, value, *expiry),
            Write::Delete { key } => {
                self.remove(key);
                Ok(())
            }
        }
    }

    /// Puts back what a group that did not fit has changed.
    fn restore(&mut self, before: Vec<(&Key, Option<Entry>)>) {
        for (key, _) in &before {
            self.remove(key);
        }
        for (key, entry) in before {
            if let Some(entry) = entry.filter(|_| self.live(key).is_none()) {
                self.insert(key, entry);
            }
        }
    }
}

fn size(key: &str, value: &str) -> usize {
    key.len() + value.len()
}

/// The operations of [`Store`], at once: nothing here ever waits. They fail as [`Store`] says.
impl MemoryStore {
    pub(super) fn get(&self, key: &Key) -> Option<String> {
        self.entries.read().value(key)
    }

    pub(super) fn get_many(&self, keys: &[Key]) -> Vec<Option<String>> {
        let entries = self.entries.read();
        keys.iter().map(|key| entries.value(key)).collect()
    }

    pub(super) fn set(&self, key: &Key, value: &str, expiry: Expiry) -> Result<()> {
        self.entries.write().put_new(key, value, expiry)
    }

    pub(super) fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> Result<bool> {
        let mut entries = self.entries.write();
        if entries.live(key).is_some() {
            return Ok(false);
        }
        entries.put_new(key, value, Expiry::After(ttl))?;
        Ok(true)
    }

    pub(super) fn delete(&self, keys: &[Key]) -> u64 {
        let mut entries = self.entries.write();
        keys.iter().filter_map(|key| entries.remove(key)).count() as u64
    }

    pub(super) fn exists(&self, key: &Key) -> bool {
        self.entries.read().live(key).is_some()
    }

    pub(super) fn increment(&self, key: &Key, by: i64) -> Result<i64> {
        let refused = |text: &str| Error::refused("INCRBY", loggable_prefix(key.as_str()), text);
        let mut entries = self.entries.write();
        let entry = entries.live(key);
        let expires_at = entry.as_ref().and_then(|entry| entry.expires_at);
        let old = match &entry {
            Some(entry) => redis_integer(&entry.value)
                .ok_or_else(|| refused("ERR value is not an integer or out of range"))?,
            None => 0,
        };
        let sum = old.checked_add(by).ok_or_else(|| refused("ERR increment or decrement would overflow"))?;
        entries.put(key, &sum.to_string(), expires_at)?;
        Ok(sum)
    }

    pub(super) fn expire(&self, key: &Key, ttl: Ttl) -> Result<bool> {
        let mut entries = self.entries.write();
        let Some(entry) = entries.live(key) else { return Ok(false) };
        entries.put_new(key, &entry.value, Expiry::After(ttl))?;
        Ok(true)
    }

    pub(super) fn get_and_delete(&self, key: &Key) -> Option<String> {
        self.entries.write().remove(key).map(|entry| entry.value.to_string())
    }

    pub(super) fn compare_and_set(&self, key: &Key, expected: &str, new: &str, ttl: Ttl) -> Result<Swap> {
        let mut entries = self.entries.write();
        match entries.live(key) {
            None => Ok(Swap::Absent),
            Some(entry) if *entry.value != *expected => Ok(Swap::Changed(entry.value.to_string())),
            Some(_) => entries.put_new(key, new, Expiry::After(ttl)).map(|()| Swap::Done),
        }
    }

    pub(super) fn compare_and_delete(&self, key: &Key, expected: &str) -> bool {
        let mut entries = self.entries.write();
        let matches = entries.live(key).is_some_and(|entry| *entry.value == *expected);
        if matches {
            entries.remove(key);
        }
        matches
    }

    pub(super) fn apply(&self, writes: &[Write]) -> Result<()> {
        let mut entries = self.entries.write();
        let before: Vec<_> = writes.iter().map(|write| (write.key(), entries.live(write.key()))).collect();
        for write in writes {
            if let Err(error) = entries.write(write) {
                entries.restore(before);
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Write {
    pub(super) fn key(&self) -> &Key {
        match self {
            Self::Set { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// The integer that Redis would see in `text`: no sign but a minus, no leading zero, no space.
fn redis_integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// Tells moka when an entry's memory can be taken back.
struct Reclaim {
    clock: Clock,
}

impl Reclaim {
    /// moka adds this to an `Instant`; a century stands for ever without overflowing one.
    const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

    fn remaining(&self, entry: &Entry) -> Option<Duration> {
        let moment = entry.expires_at?;
        Some(Duration::from_millis(moment.saturating_sub(self.clock.now())).min(Self::FOR_EVER))
    }
}

impl MokaExpiry<String, Entry> for Reclaim {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        self.remaining(entry)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.remaining(entry)
    }
}

mod as_store;
#[cfg(test)]
mod tests;
