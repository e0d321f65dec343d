//! What this process has last told Redis about the ends of sessions, so that the use of a session is written once in a
//! while.

use quick_cache::sync::Cache;

use crate::clock::{Clock, SteadyMillis};
use crate::keys::{Key, Ttl};

/// The number of keys that are kept. Of another one, a touch is written once more.
const KEYS: usize = 65_536;

/// When this process has last written the ends of keys, and which.
pub(super) struct Touches {
    clock: Clock,
    touches: Cache<String, Touch>,
}

#[derive(Clone, Copy)]
struct Touch {
    at: SteadyMillis,
    expires_at: SteadyMillis,
}

impl Touches {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, touches: Cache::new(KEYS) }
    }

    /// Whether to give `key` a new TTL. It is too soon within `every` and within half of the TTL, unless the end moves by
    /// more than that: a short session is touched more often, and another TTL is written at once.
    pub(super) fn is_due(&self, key: &Key, ttl: Ttl, every: Ttl) -> bool {
        let Some(known) = self.touches.get(key.as_str()) else { return true };
        let soon = every.as_millis().min(ttl.as_millis() / 2);
        let touch = self.touch(ttl);
        touch.at.saturating_sub(known.at) >= soon || touch.expires_at.abs_diff(known.expires_at) >= soon
    }

    /// Notes that a write gives `key` this TTL.
    pub(super) fn note(&self, key: &Key, ttl: Ttl) {
        self.touches.insert(key.as_str().to_owned(), self.touch(ttl));
    }

    /// Forgets what is not there, or may not be.
    pub(super) fn forget(&self, key: &Key) {
        self.touches.remove(key.as_str());
    }

    pub(super) fn clear(&self) {
        self.touches.clear();
    }

    fn touch(&self, ttl: Ttl) -> Touch {
        let at = self.clock.steady();
        Touch { at, expires_at: at.saturating_add(ttl.as_millis()) }
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
    fn a_touch_up_to_an_absolute_end_is_due_though_it_moves_the_end_by_less() {
        let (touches, key, time) = touches();
        touches.note(&key, Ttl::from_whole_seconds(600));
        time.store(60_000, Relaxed);

        assert!(touches.is_due(&key, Ttl::from_whole_seconds(541), EVERY));
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
