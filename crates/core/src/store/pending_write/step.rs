//! A pending write as Redis gets it.

use std::sync::Arc;

use crate::clock::SteadyMillis;
use crate::keys::Key;

/// What Redis may hold for a replay to take action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expects {
    /// Anything: the write did not depend on what was there.
    Anything,
    /// Nothing, or one of these texts.
    NothingOr(Vec<Arc<str>>),
    /// One of these texts. The key keeps its TTL.
    OneOf(Vec<Arc<str>>),
    /// Anything but this text.
    AnythingBut(Arc<str>),
    /// Another text than this one, and not nothing.
    AnotherThan(Arc<str>),
}

/// A pending write with its value, as it is sent to Redis. Times are those of [`Clock::steady`](crate::clock::Clock).
#[derive(Debug, Clone)]
pub enum Replay {
    /// Store the value.
    Put {
        /// The value.
        value: Arc<str>,
        /// When it expires; `None` means never.
        expires_at: Option<SteadyMillis>,
        /// What Redis may hold.
        expects: Expects,
    },
    /// Remove the key.
    Remove {
        /// What Redis may hold.
        expects: Expects,
        /// Whether the reason is that what was written has expired.
        has_expired: bool,
    },
    /// Add to a counter.
    Add {
        /// How much.
        by: i64,
        /// When the counter expires, if known.
        expires_at: Option<SteadyMillis>,
        /// Whether to set that expiry even if Redis has the counter.
        with_expiry: bool,
    },
    /// Add to a counter if it is there.
    AddIfThere {
        /// How much.
        by: i64,
    },
    /// Set the expiry.
    Expire {
        /// When the key expires; `None` leaves it as it is.
        expires_at: Option<SteadyMillis>,
        /// What Redis may hold.
        expects: Expects,
    },
    /// End a key that has no TTL: the one that this process gave it is over. A key with a TTL keeps it, because another
    /// instance may have renewed that.
    End {
        /// What Redis may hold.
        expects: Expects,
    },
}

/// The replay of one key, as of one version of its pending write.
pub(in crate::store) struct Step {
    pub(in crate::store) key: Key,
    pub(in crate::store) version: u64,
    pub(in crate::store) replay: Replay,
}

impl Replay {
    /// What leaves Redis as it is, because what was written has expired.
    pub(super) fn nothing() -> Self {
        Self::Remove { expects: Expects::NothingOr(Vec::new()), has_expired: true }
    }

    /// Whether Redis needs no request: nothing of this process can be there.
    pub(in crate::store) fn is_nothing(&self) -> bool {
        matches!(self, Self::Remove { expects: Expects::NothingOr(ours), .. } if ours.is_empty())
    }

    /// Whether it counts as dropped, because what was written has expired.
    pub(in crate::store) fn is_of_expired(&self) -> bool {
        matches!(self, Self::Remove { has_expired: true, .. } | Self::End { .. })
    }

    /// Whether Redis would count it twice if it was sent again.
    pub(in crate::store) fn is_addition(&self) -> bool {
        matches!(self, Self::Add { .. } | Self::AddIfThere { .. })
    }
}
