//! Limits that admit a request together: all of them count it, or none.
//!
//! Each limit is judged by what its key holds. [`UpstashStore`](super::UpstashStore) does that in one script, and memory
//! here, by the same arithmetic.

use crate::clock::UnixMillis;
use crate::keys::{Key, Ttl};

/// One limit of an admission.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Where it counts.
    pub key: Key,
    /// How it counts.
    pub rule: Rule,
    /// How much is asked for. A negative rate gives back and is always admitted; 0 only looks.
    pub rate: i64,
    /// Holds a limit that replaces the rule's, if there is one.
    pub dynamic: Option<Key>,
    /// Denies everything as long as it is there.
    pub block: Option<Key>,
}

/// How a limit counts.
#[derive(Debug, Clone)]
pub enum Rule {
    /// A counter for a window of time.
    Window {
        /// How much a window admits.
        tokens: i64,
        /// The counter of the window before, of which the share `weight` counts, too.
        previous: Option<Key>,
        /// From 0 to 1.
        weight: f64,
        /// How long the counter is kept.
        ttl: Ttl,
    },
    /// Tokens that are refilled after each interval.
    Bucket {
        /// The most tokens.
        tokens: i64,
        /// How many are refilled.
        refill: i64,
        /// The interval in milliseconds.
        interval: u64,
        /// The present time.
        now: UnixMillis,
    },
    /// A key whose remaining time says how far ahead the theoretical arrival time is (GCRA).
    Gcra {
        /// How much a window admits.
        tokens: i64,
        /// The window in milliseconds.
        window: u64,
        /// How much it admits at once; as much as a window if it is 0.
        burst: i64,
        /// From 0 to 1, exclusively: rounds fractions of a millisecond.
        random: f64,
    },
}

/// How a limit stood before the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Whether it admits the request.
    pub fits: bool,
    /// The counter, the tokens, or how many milliseconds the arrival time is ahead.
    pub used: i64,
    /// The counter of the window before, or when the tokens were refilled.
    pub other: i64,
    /// The limit that counts: the rule's, or the one that replaces it.
    pub tokens: i64,
    /// For how many milliseconds everything is denied.
    pub blocked_for: Option<u64>,
}

/// How an admission has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Whether every limit admits the request and has counted it.
    pub is_admitted: bool,
    /// The limits, in their order.
    pub limits: Vec<Seen>,
    /// Whether this process's memory has decided, in an outage.
    pub has_fallen_back: bool,
}

/// What memory does to a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Nothing,
    Remove,
    Store {
        value: String,
        /// `None` keeps the present expiry.
        ttl_millis: Option<u64>,
    },
}

impl Limit {
    /// The keys that it reads or writes.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> + Clone {
        let previous = match &self.rule {
            Rule::Window { previous, .. } => previous.as_ref(),
            Rule::Bucket { .. } | Rule::Gcra { .. } => None,
        };
        std::iter::once(&self.key).chain(previous).chain(&self.dynamic).chain(&self.block)
    }

    /// Judges the request. `held` is the value of the key and its remaining milliseconds.
    pub(super) fn judge(
        &self,
        held: Option<(&str, u64)>,
        previous: Option<&str>,
        dynamic: Option<&str>,
        blocked_for: Option<u64>,
    ) -> Seen {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let of_rule = match self.rule {
            Rule::Window { tokens, .. } | Rule::Bucket { tokens, .. } | Rule::Gcra { tokens, .. } => tokens,
        };
        let tokens = number(dynamic).unwrap_or(of_rule);
        let text = held.map(|(text, _)| text);
        let (used, other) = match self.rule {
            Rule::Window { .. } => (number(text).unwrap_or(0), number(previous).unwrap_or(0)),
            Rule::Bucket { refill, interval, now, .. } => {
                let (at, left) = text.and_then(|text| text.split_once('|')).unzip();
                refilled(number(left).unwrap_or(tokens), number(at), (tokens, refill, interval, now))
            }
            Rule::Gcra { .. } => (held.map_or(0, |(_, left)| i64::try_from(left).unwrap_or(i64::MAX)), 0),
        };
        let mut seen = Seen { fits: true, used, other, tokens, blocked_for };
        seen.fits = self.rate <= 0 || (blocked_for.is_none() && seen.has_room(self));
        seen
    }

    /// What the request does to the key, if it is admitted.
    pub(super) fn change(&self, seen: &Seen, exists: bool) -> Change {
        let Seen { used, other, tokens, .. } = *seen;
        if self.rate == 0 {
            return Change::Nothing;
        }
        match self.rule {
            Rule::Window { ttl, .. } if !exists => match self.rate {
                ..=0 => Change::Nothing,
                rate => Change::Store { value: rate.to_string(), ttl_millis: Some(ttl.as_millis()) },
            },
            Rule::Window { .. } => {
                Change::Store { value: (used + self.rate).max(0).to_string(), ttl_millis: None }
            }
            Rule::Bucket { refill, interval, .. } => {
                let left = (used - self.rate).min(tokens);
                let missing = u64::try_from(tokens - left).unwrap_or(0);
                match missing.div_ceil(refill.unsigned_abs().max(1)) * interval {
                    0 => Change::Remove,
                    ttl => Change::Store { value: format!("{other}|{left}"), ttl_millis: Some(ttl) },
                }
            }
            Rule::Gcra { random, .. } => match seen.ahead_after(self, random) {
                0 => Change::Remove,
                ttl => Change::Store { value: "1".into(), ttl_millis: Some(ttl) },
            },
        }
    }
}

/// The tokens of a bucket at `now`, and when they were last refilled.
fn refilled(
    left: i64,
    at: Option<i64>,
    (most, refill, interval, now): (i64, i64, u64, UnixMillis),
) -> (i64, i64) {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (now, interval) = (signed(now), signed(interval).max(1));
    let at = at.unwrap_or(now);
    let refills = ((now - at) / interval).max(0);
    if refills == 0 {
        return (left, at);
    }
    (left.saturating_add(refills.saturating_mul(refill)).min(most), at + refills * interval)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Redis calculates with doubles, and both have to agree"
)]
impl Seen {
    /// How much of the limit is left.
    #[must_use]
    pub fn left(&self, limit: &Limit) -> i64 {
        match &limit.rule {
            Rule::Window { weight, .. } => {
                self.tokens - self.used - (weight * self.other as f64).floor() as i64
            }
            Rule::Bucket { .. } => self.used,
            Rule::Gcra { .. } => {
                let (room, step) = (self.most_ahead(limit) - self.used as f64, self.step(limit));
                // What fits by the comparison of `has_room` is never rounded away.
                let left = (room / step).floor();
                if (left + 1.0) * step <= room { left as i64 + 1 } else { left as i64 }
            }
        }
    }

    fn has_room(&self, limit: &Limit) -> bool {
        match &limit.rule {
            Rule::Window { .. } | Rule::Bucket { .. } => limit.rate <= self.left(limit),
            Rule::Gcra { .. } => {
                self.used as f64 + limit.rate as f64 * self.step(limit) <= self.most_ahead(limit)
            }
        }
    }

    /// The milliseconds for one token of a GCRA.
    #[must_use]
    pub fn step(&self, limit: &Limit) -> f64 {
        match limit.rule {
            Rule::Gcra { window, .. } => window as f64 / self.tokens as f64,
            Rule::Window { .. } | Rule::Bucket { .. } => 0.0,
        }
    }

    /// How much a GCRA admits at once.
    #[must_use]
    pub fn burst(&self, limit: &Limit) -> i64 {
        match limit.rule {
            Rule::Gcra { burst: 1.., .. } if self.tokens == 0 => 0,
            Rule::Gcra { burst: burst @ 1.., .. } => burst,
            _ => self.tokens,
        }
    }

    /// How many milliseconds the arrival time of a GCRA may be ahead. Where a token takes no whole milliseconds, rounding
    /// makes it a little more than it should be, and the last request of a burst must not be denied for that.
    #[must_use]
    pub fn most_ahead(&self, limit: &Limit) -> f64 {
        if self.tokens == 0 {
            return 0.0;
        }
        let (burst, step) = (self.burst(limit) as f64, self.step(limit));
        let slack = if step.fract() == 0.0 { 0.0 } else { (step / 2.0).min(1.0 + 2.0 * burst.sqrt()) };
        burst * step + slack
    }

    /// How many milliseconds it is ahead after the request.
    #[must_use]
    pub fn ahead_after(&self, limit: &Limit, random: f64) -> u64 {
        let ahead = self.used as f64 + limit.rate as f64 * self.step(limit);
        (ahead.max(0.0) + random).floor() as u64
    }
}
