//! What this process has last told Redis about the ends of sessions, so that the use of a session is written once in a
//! while.

use quick_cache::sync::Cache;

use crate::clock::{Clock, SteadyMillis};
use crate::keys::{Key, Ttl};

/// The number of keys that are kept. Of another one, a touch is written once more.
const KEYS: usize = 65_536;

/// When keys expire, by what this process has last written.
pub(super) struct Touches {
    clock: Clock,
    expiries: Cache<String, SteadyMillis>,
}

impl Touches {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, expiries: Cache::new(KEYS) }
    }

    /// Whether to give `key` a new TTL. It is too soon while that would move the end by less than `every` and by less than
    /// half of the TTL: a short session is touched more often, and another TTL is written at once.
    pub(super) fn is_due(&self, key: &Key, ttl: Ttl, every: Ttl) -> bool {
        let tolerated = every.as_millis().min(ttl.as_millis() / 2);
        let known = self.expiries.get(key.as_str());
        known.is_none_or(|known| self.expiry(ttl).abs_diff(known) >= tolerated)
    }

    /// Notes that a write gives `key` this TTL.
    pub(super) fn note(&self, key: &Key, ttl: Ttl) {
        self.expiries.insert(key.as_str().to_owned(), self.expiry(ttl));
    }

    /// Forgets what is not there, or may not be.
    pub(super) fn forget(&self, key: &Key) {
        self.expiries.remove(key.as_str());
    }

    pub(super) fn clear(&self) {
        self.expiries.clear();
    }

    fn expiry(&self, ttl: Ttl) -> SteadyMillis {
        self.clock.steady().saturating_add(ttl.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    const EVERY: Ttl = Ttl::from_whole_seconds(60);

    fn touches() -> (Touches, Key, Arc<AtomicU64>) {
        let time = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&time);
        let touches = Touches::new(Clock::from_fn(move || clock.load(Relaxed)));
        (touches, Key::plain("key", "k").unwrap(), time)
    }

    #[test]
    fn a_touch_is_due_after_the_interval_or_half_of_the_ttl() {
        for (ttl, soon, due) in [(600, 59_999, 60_000), (100, 49_999, 50_000), (1, 499, 500)] {
            let (touches, key, time) = touches();
            let ttl = Ttl::from_whole_seconds(ttl);
            assert!(touches.is_due(&key, ttl, EVERY), "{ttl:?}");
            touches.note(&key, ttl);
            for (now, is_due) in [(0, false), (soon, false), (due, true)] {
                time.store(now, Relaxed);
                assert_eq!(touches.is_due(&key, ttl, EVERY), is_due, "{ttl:?} at {now}");
            }
        }
    }

    #[test]
    fn another_ttl_is_due_at_once() {
        for (before, after) in [(600, 660), (600, 540), (600, 1), (1, 600)] {
            let (touches, key, _) = touches();
            touches.note(&key, Ttl::from_whole_seconds(before));
            assert!(touches.is_due(&key, Ttl::from_whole_seconds(after), EVERY), "{before} to {after}");
        }
    }
}
