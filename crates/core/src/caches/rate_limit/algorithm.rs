//! The algorithms, and what a limit's state means to a client.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::keys::{Key, Ttl};
use crate::store::{Limit, Rule, Seen};
use crate::{Error, Result};

/// How long the counter of a sliding window is kept beyond the window after it, as `@upstash/ratelimit` does.
const SLACK: Duration = Duration::from_secs(1);
/// Where the limit of all ids is, after the prefix.
const DYNAMIC: &str = ":dynamic:global";

/// How requests are limited. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// So many in each window, which all begin at the same times.
    FixedWindow {
        /// How many.
        tokens: i64,
        /// The window.
        window: u64,
    },
    /// The same, with a share of the window before, as if its requests had been spread evenly.
    SlidingWindow {
        /// How many.
        tokens: i64,
        /// The window.
        window: u64,
    },
    /// Tokens that are refilled after each interval, up to a maximum.
    TokenBucket {
        /// How many are refilled.
        refill: i64,
        /// The interval.
        interval: u64,
        /// The most.
        tokens: i64,
    },
    /// Evenly spread requests, with bursts (generic cell rate algorithm).
    Gcra {
        /// How many in a window.
        tokens: i64,
        /// The window.
        window: u64,
        /// How many at once.
        burst: i64,
    },
}

/// What a limit means to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The most.
    pub limit: i64,
    /// How many are left.
    pub remaining: i64,
    /// When more are there: the end of the window, the next refill, or when a GCRA is full again.
    pub reset: UnixMillis,
    /// After how many milliseconds the request would be admitted at the earliest; 0 if it was.
    pub retry_after: u64,
}

impl Algorithm {
    /// The limit of `id`, with a request of `rate` at `now`. `random` is from 0 to 1, exclusively.
    ///
    /// # Errors
    ///
    /// When the key is too long, or the one of the limit of all ids.
    pub fn limit(
        &self,
        (prefix, id): (&str, &str),
        rate: i64,
        now: UnixMillis,
        random: f64,
    ) -> Result<Limit> {
        let key = |suffix: &str| Key::plain("id", &format!("{prefix}:{id}{suffix}"));
        let (key, rule) = match *self {
            Self::FixedWindow { tokens, window } => {
                let rule = Rule::Window { tokens, previous: None, weight: 0.0, ttl: ttl(window) };
                (key(&format!(":{}", now / window))?, rule)
            }
            Self::SlidingWindow { tokens, window } => {
                let number = now / window;
                let previous = key(&format!(":{}", number.saturating_sub(1)))?;
                let ttl = Ttl::from_duration(Duration::from_millis(window) * 2 + SLACK);
                let weight = 1.0 - share(now % window, window);
                (key(&format!(":{number}"))?, Rule::Window { tokens, previous: Some(previous), weight, ttl })
            }
            Self::TokenBucket { refill, interval, tokens } => {
                (key("")?, Rule::Bucket { tokens, refill, interval, now })
            }
            Self::Gcra { tokens, window, burst } => {
                let burst = if burst == tokens { 0 } else { burst };
                (key(":gcra")?, Rule::Gcra { tokens, window, burst, random })
            }
        };
        if key.as_str().strip_prefix(prefix) == Some(DYNAMIC) {
            return Err(Error::invalid_value("id", "must not be \"dynamic:global\", which all ids share"));
        }
        Ok(Limit { key, rule, rate, dynamic: None, block: None })
    }

    /// The key of the limit that all ids of a prefix share.
    ///
    /// # Errors
    ///
    /// When it is too long.
    pub fn dynamic_key(prefix: &str) -> Result<Key> {
        Key::plain("prefix", &[prefix, DYNAMIC].concat())
    }

    /// The keys that count `id` at `now`.
    ///
    /// # Errors
    ///
    /// Those of [`Algorithm::limit`].
    pub fn keys(&self, names: (&str, &str), now: UnixMillis) -> Result<Vec<Key>> {
        let limit = self.limit(names, 0, now, 0.0)?;
        Ok(match limit.rule {
            Rule::Window { previous: Some(previous), .. } => vec![limit.key, previous],
            _ => vec![limit.key],
        })
    }

    /// The time in which as many requests as the limit says are admitted.
    #[must_use]
    pub fn window(&self) -> u64 {
        match *self {
            Self::FixedWindow { window, .. } | Self::SlidingWindow { window, .. } => window,
            Self::TokenBucket { refill, interval, tokens } => {
                interval.saturating_mul(tokens.unsigned_abs().div_ceil(refill.unsigned_abs().max(1)))
            }
            Self::Gcra { tokens, window, burst } => whole(share(window, 1) * ratio(burst, tokens)),
        }
    }

    /// What `seen` means to the client whose request `limit` was, at `now`. `counted` says whether it was counted.
    #[must_use]
    pub fn state(&self, limit: &Limit, seen: &Seen, now: UnixMillis, counted: bool) -> State {
        let left = seen.left(limit) - if counted { limit.rate } else { 0 };
        let retry_after = if seen.fits { 0 } else { self.retry_after(limit, seen, now).max(1) };
        let (most, reset) = match *self {
            Self::FixedWindow { window, .. } | Self::SlidingWindow { window, .. } => {
                (seen.tokens, (now / window + 1) * window)
            }
            Self::TokenBucket { interval, .. } => (seen.tokens, seen.other.unsigned_abs() + interval),
            Self::Gcra { .. } => {
                let ahead = if counted { seen.ahead_after(limit, 0.0) } else { seen.used.unsigned_abs() };
                (seen.burst(limit), now + ahead)
            }
        };
        let blocked = seen.blocked_for.filter(|_| limit.rate > 0);
        State {
            limit: most,
            remaining: if blocked.is_some() { 0 } else { left.clamp(0, most.max(0)) },
            reset: blocked.map_or(reset, |left| now + left),
            retry_after: blocked.map_or(retry_after, |left| left.max(1)),
        }
    }

    /// After how many milliseconds a request that does not fit would be admitted, if nobody else is meanwhile. More than the
    /// limit never is: then it is the time to the reset.
    fn retry_after(&self, limit: &Limit, seen: &Seen, now: UnixMillis) -> u64 {
        match *self {
            Self::FixedWindow { window, .. } => window - now % window,
            Self::SlidingWindow { window, .. } => {
                let passed = now % window;
                let free = seen.tokens - limit.rate;
                slid(seen.other, free - seen.used, window).map_or_else(
                    || window - passed + slid(seen.used, free, window).unwrap_or(0),
                    |at| at.saturating_sub(passed),
                )
            }
            Self::TokenBucket { refill, interval, .. } => {
                let missing = (limit.rate.min(seen.tokens) - seen.used).max(0).unsigned_abs();
                let refills = missing.div_ceil(refill.unsigned_abs().max(1)).max(1);
                (seen.other.unsigned_abs() + refills * interval).saturating_sub(now)
            }
            Self::Gcra { .. } => {
                let needed = share(limit.rate.unsigned_abs(), 1) * seen.step(limit);
                whole((share(seen.used.unsigned_abs(), 1) + needed - seen.most_ahead(limit)).ceil())
            }
        }
    }
}

/// How many milliseconds of a window must have passed until no more than `free` of the `count` before it weigh in; `None` if
/// they never do.
fn slid(count: i64, free: i64, window: u64) -> Option<u64> {
    if free < 0 {
        return None;
    }
    if count <= free {
        return Some(0);
    }
    let fits = |passed: u64| ((1.0 - share(passed, window)) * ratio(count, 1)).floor() <= ratio(free, 1);
    let estimate = whole(share(window, 1) * (1.0 - ratio(free + 1, count)));
    // The estimate may be one off, because it is calculated another way than the weight.
    (estimate.saturating_sub(2)..=window).find(|passed| fits(*passed))
}

fn ttl(millis: u64) -> Ttl {
    Ttl::from_duration(Duration::from_millis(millis))
}

#[expect(clippy::cast_precision_loss, reason = "times and limits are far below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "times and limits are far below 2^53")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn whole(number: f64) -> u64 {
    number as u64
}
