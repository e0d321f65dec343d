//! What a run or a lock is to do.

use std::time::Duration;

use crate::keys::{IDEMPOTENCY_RUN, LOCK, Ttl};

/// What a run or a lock is to do. A lock has no outcome and no fingerprint.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How long the outcome is kept.
    pub ttl: Ttl,
    /// How long a run counts as running without being renewed.
    pub lease: Ttl,
    /// Of the request: the same key with another one is a mistake. Empty if the caller does not compare.
    pub fingerprint: String,
    /// Whether a run that was never finished blocks its key for `ttl`.
    pub is_blocking: bool,
    /// Whether to number the runs of the key.
    pub is_fenced: bool,
    /// How long the work may take.
    pub longest: Duration,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            ttl: IDEMPOTENCY_RUN.ttl_or_default(None),
            lease: LOCK.ttl_or_default(None),
            fingerprint: String::new(),
            is_blocking: false,
            is_fenced: false,
            longest: Duration::from_secs(300),
        }
    }
}

impl RunOptions {
    /// How long a claim lives without a renewal. Memory ends with its process, so that nothing has to be noticed there.
    pub(super) fn time_of_claim(&self, is_remote: bool) -> Ttl {
        if self.is_blocking {
            self.ttl
        } else if is_remote {
            self.lease
        } else {
            Ttl::from_duration(self.longest)
        }
    }
}
