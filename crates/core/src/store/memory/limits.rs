//! Limits: the same decisions as those of the script in `upstash/admission.rs`.

use super::entries::{Entries, Entry};
use crate::Result;
use crate::clock::SteadyMillis;
use crate::keys::Key;
use crate::store::admission::Change;
use crate::store::{Admission, Limit, Rule, Seen};

impl Entries {
    pub(super) fn admit(&mut self, limits: &[Limit], now: SteadyMillis) -> Result<Admission> {
        let seen: Vec<_> = limits.iter().map(|limit| self.judge(limit, now)).collect();
        let is_admitted = seen.iter().all(|seen| seen.fits);
        if is_admitted {
            for (limit, seen) in limits.iter().zip(&seen) {
                let held = self.live(&limit.key, now).map(|entry| entry.expires_at);
                match limit.change(seen, held.is_some()) {
                    Change::Nothing => {}
                    Change::Remove => drop(self.remove(&limit.key)),
                    Change::Store { value, ttl_millis } => {
                        let expires_at = ttl_millis.map_or(held.flatten(), |ttl| Some(now + ttl));
                        self.put(&limit.key, &value, expires_at, now)?;
                    }
                }
            }
        }
        Ok(Admission { is_admitted, limits: seen, has_fallen_back: false })
    }

    fn judge(&self, limit: &Limit, now: SteadyMillis) -> Seen {
        let live = |key: &Option<Key>| key.as_ref().and_then(|key| self.live(key, now));
        let left = |entry: &Entry| entry.expires_at.map_or(0, |expires_at| expires_at - now);
        let previous = match &limit.rule {
            Rule::Window { previous, .. } => live(previous),
            Rule::Bucket { .. } | Rule::Gcra { .. } => None,
        };
        limit.judge(
            self.live(&limit.key, now).map(|entry| (entry.value(), left(entry))),
            previous.map(Entry::value),
            live(&limit.dynamic).map(Entry::value),
            live(&limit.block).map(left),
        )
    }
}
