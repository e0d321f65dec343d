//! The map, the index by expiry, and what bounds them.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::clock::SteadyMillis;
use crate::config::MemoryLimits;
use crate::keys::Key;
use crate::{Error, Result};

pub(super) struct Entries {
    pub(super) by_key: HashTable<Entry>,
    hasher: RandomState,
    /// The hash of each key with a TTL, by when it expires and its entry's number.
    pub(super) by_expiry: BTreeMap<(SteadyMillis, u64), u64>,
    last_number: u64,
    /// Of all keys and values.
    pub(super) bytes: usize,
    limits: MemoryLimits,
}

#[derive(Clone)]
pub(super) struct Entry {
    /// The key followed by the value: one allocation, so that a read among a million entries misses the processor's
    /// caches once and not twice.
    text: Box<str>,
    key_length: usize,
    pub(super) expires_at: Option<SteadyMillis>,
    /// Tells entries apart that expire together.
    number: u64,
}

impl Entry {
    pub(super) fn key(&self) -> &str {
        &self.text[..self.key_length]
    }

    pub(super) fn value(&self) -> &str {
        &self.text[self.key_length..]
    }

    pub(super) fn is_live(&self, now: SteadyMillis) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }
}

impl Entries {
    pub(super) fn new(limits: MemoryLimits) -> Self {
        Self {
            by_key: HashTable::new(),
            hasher: RandomState::new(),
            by_expiry: BTreeMap::new(),
            last_number: 0,
            bytes: 0,
            limits,
        }
    }

    fn get(&self, key: &Key) -> Option<&Entry> {
        let hash = self.hasher.hash_one(key.as_str());
        self.by_key.find(hash, |entry| entry.key() == key.as_str())
    }

    pub(super) fn live(&self, key: &Key, now: SteadyMillis) -> Option<&Entry> {
        self.get(key).filter(|entry| entry.is_live(now))
    }

    pub(super) fn value(&self, key: &Key, now: SteadyMillis) -> Option<String> {
        self.live(key, now).map(|entry| entry.value().to_owned())
    }

    /// Stores an entry if there is room; one that has expired already leaves none behind.
    pub(super) fn put(
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

    pub(super) fn insert(&mut self, key: &Key, value: &str, expires_at: Option<SteadyMillis>) {
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

    pub(super) fn remove(&mut self, key: &Key) -> Option<Entry> {
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
    pub(super) fn take(&mut self, key: &Key, now: SteadyMillis) -> Option<String> {
        self.remove(key).filter(|entry| entry.is_live(now)).map(|entry| entry.value().to_owned())
    }

    /// Frees up to `most` expired entries.
    pub(super) fn free_expired(&mut self, now: SteadyMillis, most: usize) {
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
}
