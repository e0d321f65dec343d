//! Ids that are certainly denied for a while, so that a flood of their requests does not reach Redis.

use quick_cache::sync::Cache;

use super::Algorithm;
use crate::clock::UnixMillis;

/// How many ids are remembered. The ones that ask least are forgotten first.
const MOST_IDS: usize = 10_000;

/// The ids that were denied.
pub(super) struct DeniedIds(Cache<Name, Denied>);

/// The id, and the algorithm: another one may admit it.
pub(super) type Name = (String, Algorithm);

#[derive(Clone, Copy)]
struct Denied {
    /// The smallest rate that is denied.
    rate: i64,
    until: UnixMillis,
    reset: UnixMillis,
    limit: i64,
}

/// How an id was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remembered {
    pub(super) until: UnixMillis,
    pub(super) reset: UnixMillis,
    pub(super) limit: i64,
}

impl Default for DeniedIds {
    fn default() -> Self {
        Self(Cache::new(MOST_IDS))
    }
}

impl DeniedIds {
    /// How a request of `rate` is denied at `now`, if that is certain.
    pub(super) fn get(&self, id: &Name, rate: i64, now: UnixMillis) -> Option<Remembered> {
        let Denied { until, reset, limit, .. } =
            self.0.get(id).filter(|denied| rate >= denied.rate && now < denied.until)?;
        Some(Remembered { until, reset, limit })
    }

    /// Remembers that a request of `rate`, and so any of a greater one, is denied until a time.
    pub(super) fn add(&self, id: Name, rate: i64, Remembered { until, reset, limit }: Remembered) {
        self.0.insert(id, Denied { rate, until, reset, limit });
    }

    pub(super) fn forget(&self, id: &Name) {
        self.0.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Algorithm = Algorithm::FixedWindow { tokens: 5, window: 1 };
    const DENIED: Remembered = Remembered { until: 100, reset: 200, limit: 5 };

    fn name(id: &str) -> Name {
        (id.into(), WINDOW)
    }

    #[test]
    fn an_id_is_denied_until_its_time_and_for_no_smaller_rate() {
        let ids = DeniedIds::default();
        ids.add(name("a"), 3, DENIED);

        assert_eq!(ids.get(&name("a"), 3, 99), Some(DENIED));
        assert_eq!(ids.get(&name("a"), 4, 0), Some(DENIED));
        assert_eq!(ids.get(&name("a"), 2, 99), None);
        assert_eq!(ids.get(&name("a"), 3, 100), None);
        assert_eq!(ids.get(&name("b"), 3, 99), None);
        let wider = Algorithm::FixedWindow { tokens: 6, window: 1 };
        assert_eq!(ids.get(&("a".into(), wider), 3, 99), None);
        ids.forget(&name("a"));
        assert_eq!(ids.get(&name("a"), 3, 99), None);
    }

    #[test]
    fn ids_do_not_grow_without_bound() {
        let ids = DeniedIds::default();
        for number in 0..3 * MOST_IDS {
            ids.add(name(&number.to_string()), 1, DENIED);
        }
        assert!(ids.0.len() <= MOST_IDS);
    }
}
