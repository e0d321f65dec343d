//! Stale copies: the last values that this process read from Redis or wrote to it. They answer reads during an outage.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::guess::Guess;
use super::memory::Held;
use super::mutation::Mutation;
use super::{Operation, Output};
use crate::clock::{Clock, SteadyMillis};
use crate::keys::{Expiry, Key, Ttl, stale_ttl};

/// The bytes of all copies. Beyond it, the least used are evicted.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
const EXPECTED_BYTES: u64 = 128;

/// A bounded cache: a copy is a help, and may be evicted.
pub(super) struct StaleCopies {
    cache: Cache<String, StaleCopy, CopySize>,
    /// The number of writes so far. A read that began before the latest write to its key does not replace it.
    writes: AtomicU64,
    /// The number of the latest removal, which leaves no copy that could hold it.
    latest_removal: AtomicU64,
    clock: Clock,
}

#[derive(Clone)]
struct StaleCopy {
    value: Arc<str>,
    /// When the value expires. For a value that was only read, when the copy is no longer used.
    expires_at: Option<SteadyMillis>,
    write: u64,
    is_read: bool,
}

#[derive(Clone)]
struct CopySize;

impl Weighter<String, StaleCopy> for CopySize {
    fn weight(&self, key: &String, copy: &StaleCopy) -> u64 {
        // Never 0, which would be outside the bound.
        (key.len() + copy.value.len() + 64) as u64
    }
}

/// When a read began, as the number of writes before it.
#[derive(Clone, Copy)]
pub(super) struct ReadMark(u64);

impl StaleCopies {
    pub(super) fn new(clock: Clock) -> Self {
        let cache = Cache::with_weighter((MAX_BYTES / EXPECTED_BYTES) as usize, MAX_BYTES, CopySize);
        Self { cache, writes: AtomicU64::new(0), latest_removal: AtomicU64::new(0), clock }
    }

    /// A copy that has not expired.
    pub(super) fn get(&self, key: &Key) -> Option<Held> {
        let StaleCopy { value, expires_at, .. } = self.cache.get(key.as_str())?;
        let is_live = expires_at.is_none_or(|expires_at| expires_at > self.clock.steady());
        is_live.then_some(Held { value, expires_at })
    }

    /// The text last seen in Redis, even if its time is over: by then Redis may still hold it.
    pub(super) fn last_text(&self, key: &Key) -> Option<Arc<str>> {
        self.cache.get(key.as_str()).map(|copy| copy.value)
    }

    /// Keeps what has been written.
    pub(super) fn wrote(&self, key: &Key, held: Held) {
        let write = self.writes.fetch_add(1, Relaxed) + 1;
        let Held { value, expires_at } = held;
        self.insert(key, StaleCopy { value, expires_at, write, is_read: false });
    }

    fn wrote_now(&self, key: &Key, value: &str, expiry: Expiry) {
        self.wrote(key, Held { value: value.into(), expires_at: expiry.expires_at(&self.clock) });
    }

    /// Forgets what has been removed.
    pub(super) fn removed(&self, key: &Key) {
        let write = self.writes.fetch_add(1, Relaxed) + 1;
        self.latest_removal.fetch_max(write, Relaxed);
        self.cache.remove(key.as_str());
    }

    /// Follows what Redis answered to an operation that began at `mark`.
    pub(super) fn follow(&self, operation: Operation<'_>, output: &Output, mark: ReadMark) {
        match (operation, output) {
            (Operation::Get { key }, Output::Value(value)) => self.read(key, value.as_deref(), mark),
            (
                Operation::GetMany { keys } | Operation::GetManyFromPrimary { keys },
                Output::Values(values),
            ) => {
                for (key, value) in keys.iter().zip(values) {
                    self.read(key, value.as_deref(), mark);
                }
            }
            (Operation::ClaimOrRead { key, also, .. }, Output::Claim(claim)) => {
                if let Some(held) = &claim.held {
                    self.read(key, Some(held), mark);
                }
                for (key, value) in also.iter().zip(&claim.also) {
                    self.read(key, value.as_deref(), mark);
                }
            }
            // The key was not there, or there is nothing to forget.
            (Operation::GetAndDelete { key }, Output::Value(None))
            | (Operation::Verify { key, .. }, Output::Guess(Guess::Absent)) => self.read(key, None, mark),
            _ => {}
        }
        operation.for_each_mutation(output, |key, mutation| match mutation {
            Mutation::Set { value, expiry }
            | Mutation::Claim { value, expiry }
            | Mutation::SetUnless { value, expiry, .. } => {
                self.wrote_now(key, value, expiry);
            }
            Mutation::Revoke { left: Some((value, ttl)) }
            | Mutation::Replace { value, ttl: Some(ttl), .. } => {
                self.wrote_now(key, value, Expiry::After(ttl));
            }
            Mutation::Replace { value, ttl: None, .. } => self.replaced(key, value),
            Mutation::Delete { .. }
            | Mutation::EndCode { .. }
            | Mutation::Release
            | Mutation::Revoke { left: None } => {
                self.removed(key);
            }
            Mutation::Increment { sum, within, .. } => self.counted(key, sum, within),
            Mutation::Expire { expiry } => self.expires(key, expiry),
        });
    }

    pub(super) fn read_mark(&self) -> ReadMark {
        ReadMark(self.writes.load(Relaxed))
    }

    /// Keeps what a read has found. The reply does not say what TTL is left: a value that this process has written
    /// keeps its expiry, any other is used for the TTL of its key.
    fn read(&self, key: &Key, found: Option<&str>, mark: ReadMark) {
        let known = self.cache.get(key.as_str());
        let latest = known.as_ref().map_or_else(|| self.latest_removal.load(Relaxed), |known| known.write);
        if latest > mark.0 {
            return;
        }
        let Some(value) = found else {
            if known.is_some() {
                self.cache.remove(key.as_str());
            }
            return;
        };
        let now = self.clock.steady();
        let ttl = stale_ttl(key).as_millis();
        if let Some(known) = known.filter(|known| *known.value == *value) {
            // The same value is read again and again: a copy is renewed only when half of its time has passed.
            let needed = if known.is_read { ttl / 2 } else { 0 };
            if known.expires_at.is_none_or(|expires_at| expires_at > now.saturating_add(needed)) {
                return;
            }
        }
        let expires_at = Some(now.saturating_add(ttl));
        self.insert(key, StaleCopy { value: value.into(), expires_at, write: mark.0, is_read: true });
    }

    /// Keeps the sum of a counter; its expiry stays, and is not later than the end of its window.
    pub(super) fn counted(&self, key: &Key, sum: i64, within: Option<Ttl>) {
        self.replaced(key, &sum.to_string());
        if let (Some(ttl), Some(Held { value, expires_at })) = (within, self.get(key)) {
            let end = self.clock.steady().saturating_add(ttl.as_millis());
            let expires_at = Some(expires_at.map_or(end, |expires_at| expires_at.min(end)));
            self.wrote(key, Held { value, expires_at });
        }
    }

    /// Keeps a value whose expiry stays.
    fn replaced(&self, key: &Key, value: &str) {
        let guess = || Some(self.clock.steady().saturating_add(stale_ttl(key).as_millis()));
        let expires_at = self.get(key).map_or_else(guess, |held| held.expires_at);
        self.wrote(key, Held { value: value.into(), expires_at });
    }

    /// Gives a copy a new expiry.
    fn expires(&self, key: &Key, expiry: Expiry) {
        if let Some(Held { value, .. }) = self.get(key) {
            self.wrote(key, Held { value, expires_at: expiry.expires_at(&self.clock) });
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.cache.weight()
    }

    fn insert(&self, key: &Key, copy: StaleCopy) {
        self.cache.insert(key.as_str().to_owned(), copy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies() -> (StaleCopies, Key) {
        (StaleCopies::new(Clock::from_fn(|| 1_000)), Key::plain("key", "k").unwrap())
    }

    fn held(copies: &StaleCopies, key: &Key) -> Option<String> {
        copies.get(key).map(|held| held.value.to_string())
    }

    #[test]
    fn a_read_that_began_before_a_write_does_not_replace_it() {
        let (copies, key) = copies();
        let mark = copies.read_mark();
        copies.wrote_now(&key, "new", Expiry::Never);

        copies.read(&key, Some("old"), mark);
        assert_eq!(held(&copies, &key).as_deref(), Some("new"));

        copies.read(&key, Some("newer"), copies.read_mark());
        assert_eq!(held(&copies, &key).as_deref(), Some("newer"));
    }

    #[test]
    fn a_read_that_began_before_a_removal_does_not_bring_the_value_back() {
        let (copies, key) = copies();
        copies.wrote_now(&key, "old", Expiry::Never);
        let mark = copies.read_mark();
        copies.removed(&key);

        copies.read(&key, Some("old"), mark);
        assert_eq!(held(&copies, &key), None);

        copies.read(&key, Some("new"), copies.read_mark());
        assert_eq!(held(&copies, &key).as_deref(), Some("new"));
    }
}
