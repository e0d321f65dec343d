//! What a request gets.

use serde::Serialize;

use super::algorithm::State;
use super::denied::Remembered;
use super::{Algorithm, Check};
use crate::clock::UnixMillis;
use crate::json::to_json;
use crate::store::Seen;

/// How a limit has answered a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitResult {
    success: bool,
    name: String,
    limit: i64,
    remaining: i64,
    reset: UnixMillis,
    retry_after_ms: u64,
    window_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

/// Why a result is not what Redis has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// An earlier request was denied, and this one is certainly, too.
    CacheBlock,
    /// The id is blocked.
    Blocked,
    /// This process's memory has counted, in an outage.
    Fallback,
    /// Nothing was counted, in an outage.
    Outage,
}

/// How much is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// How many.
    pub remaining: i64,
    /// When more are there.
    pub reset: UnixMillis,
    /// The most.
    pub limit: i64,
}

impl Remaining {
    /// `{ remaining, reset, limit }`.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

/// An array of results.
#[must_use]
pub fn results_to_json(results: &[RateLimitResult]) -> String {
    to_json(&results)
}

impl RateLimitResult {
    /// Whether the limit admits the request.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.success
    }

    /// Why the result is not what Redis has counted.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// How much is left.
    #[must_use]
    pub fn remaining(&self) -> i64 {
        self.remaining
    }

    /// When the same request would be admitted at the earliest.
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        self.retry_after_ms
    }

    pub(super) fn of(check: &Check, seen: &Seen, state: State, has_fallen_back: bool) -> Self {
        let reason = match seen.blocked_for {
            Some(_) => Some(Reason::Blocked),
            None => has_fallen_back.then_some(Reason::Fallback),
        };
        Self::new(check, seen.fits, state, reason)
    }

    /// `remembered` is how the request is denied; without it, another one of the same call is, and this one might not be.
    pub(super) fn from_cache(check: &Check, remembered: Option<Remembered>, now: UnixMillis) -> Self {
        let most = check.limiter.algorithm.most();
        let state = remembered.map_or(
            State { limit: most, remaining: most, reset: now, retry_after: 0 },
            |Remembered { until, reset, limit }| State {
                limit,
                remaining: 0,
                reset,
                retry_after: until.saturating_sub(now),
            },
        );
        Self::new(check, remembered.is_none(), state, Some(Reason::CacheBlock))
    }

    pub(super) fn in_outage(check: &Check, is_allowed: bool, now: UnixMillis) -> Self {
        /// When a denied request may try again.
        const RETRY_AFTER_MILLIS: u64 = 1_000;
        let limit = check.limiter.algorithm.most();
        let retry_after = if is_allowed { 0 } else { RETRY_AFTER_MILLIS };
        let state = State { limit, remaining: 0, reset: now + retry_after, retry_after };
        Self::new(check, is_allowed, state, Some(Reason::Outage))
    }

    fn new(check: &Check, success: bool, state: State, reason: Option<Reason>) -> Self {
        Self {
            success,
            name: check.limiter.name.clone(),
            limit: state.limit,
            remaining: state.remaining,
            reset: state.reset,
            retry_after_ms: state.retry_after,
            window_ms: check.limiter.algorithm.window(),
            reason,
        }
    }
}

impl Algorithm {
    /// The limit, as long as it is not replaced.
    fn most(&self) -> i64 {
        match *self {
            Self::FixedWindow { tokens, .. }
            | Self::SlidingWindow { tokens, .. }
            | Self::TokenBucket { tokens, .. } => tokens,
            Self::Gcra { burst, .. } => burst,
        }
    }
}
