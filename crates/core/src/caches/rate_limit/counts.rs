//! What limiters have done, by name, for `getMetrics`.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::Serialize;

/// More names than this are counted together, because a name may have been made of an id by mistake.
const MOST_NAMES: usize = 1_000;
const OTHERS: &str = "others";

/// What a limiter has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitCounts {
    /// Requests that were admitted.
    pub allowed: u64,
    /// Requests that it denied.
    pub denied: u64,
    /// Requests that it denied without asking Redis.
    pub denied_by_cache: u64,
    /// Requests in an outage.
    #[serde(rename = "fellBack")]
    pub fallen_back: u64,
}

#[derive(Default)]
pub(super) struct Counters(Mutex<BTreeMap<String, RateLimitCounts>>);

impl Counters {
    pub(super) fn count(&self, name: &str, count: impl FnOnce(&mut RateLimitCounts)) {
        let mut all = self.0.lock();
        if let Some(counts) = all.get_mut(name) {
            return count(counts);
        }
        let name = if all.len() < MOST_NAMES { name } else { OTHERS };
        count(all.entry(name.to_owned()).or_default());
    }

    pub(super) fn all(&self) -> BTreeMap<String, RateLimitCounts> {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_grow_without_bound() {
        let counters = Counters::default();
        for number in 0..2 * MOST_NAMES {
            counters.count(&number.to_string(), |counts| counts.denied += 1);
        }

        let all = counters.all();
        assert_eq!(all.len(), MOST_NAMES + 1);
        assert_eq!(all.values().map(|counts| counts.denied).sum::<u64>(), 2 * MOST_NAMES as u64);
    }
}
