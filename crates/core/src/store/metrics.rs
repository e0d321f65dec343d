//! What is counted, for `getMetrics`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `IdempotencyCache`.
    Idempotency,
    /// `FormCache`.
    Form,
    /// `CustomerCache`.
    Customer,
    /// `RateLimitCache`.
    RateLimit,
    /// `TempDataCache`.
    Temp,
    /// `redisManager`.
    Manager,
    /// `SessionCache`, and the stores of sessions for express-session and better-auth.
    Session,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Idempotency,
        Self::Form,
        Self::Customer,
        Self::RateLimit,
        Self::Manager,
        Self::Session,
        Self::Temp,
    ];

    /// The name in settings and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idempotency => "idempotency",
            Self::Form => "form",
            Self::Customer => "customer",
            Self::RateLimit => "rateLimit",
            Self::Temp => "temp",
            Self::Manager => "redisManager",
            Self::Session => "session",
        }
    }
}

/// How a call ended. Every call of a store counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key was there.
    Hit,
    /// It was not.
    Miss,
    /// Something was written or removed.
    Stored,
    /// This process's memory answered instead of Redis.
    FellBack,
    /// An error.
    Rejected,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Hit, Self::Miss, Self::Stored, Self::FellBack, Self::Rejected];

    pub(super) fn hit(is_there: bool) -> Self {
        if is_there { Self::Hit } else { Self::Miss }
    }

    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stored => "stored",
            Self::FellBack => "fellBack",
            Self::Rejected => "rejected",
        }
    }
}

/// The counters of a store.
#[derive(Default)]
pub struct Metrics {
    calls: [[AtomicU64; Outcome::ALL.len()]; Class::ALL.len()],
    corrupt: AtomicU64,
    overtaken: AtomicU64,
    unlisted: AtomicU64,
    pub(super) replays: Replays,
}

impl Metrics {
    /// How many calls of `class` ended in `outcome`.
    #[must_use]
    pub fn calls(&self, class: Class, outcome: Outcome) -> u64 {
        self.calls[class as usize][outcome as usize].load(Relaxed)
    }

    /// The corrupt entries that were removed.
    #[must_use]
    pub fn corrupt(&self) -> u64 {
        self.corrupt.load(Relaxed)
    }

    /// The runs that ended after another one had done their work.
    #[must_use]
    pub fn overtaken(&self) -> u64 {
        self.overtaken.load(Relaxed)
    }

    /// The sessions that are not in the list of their user.
    #[must_use]
    pub fn unlisted(&self) -> u64 {
        self.unlisted.load(Relaxed)
    }

    /// The pending writes of outages, by the result of their replay.
    #[must_use]
    pub fn replays(&self) -> &Replays {
        &self.replays
    }

    pub(super) fn count(&self, class: Class, outcome: Outcome) {
        self.calls[class as usize][outcome as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn removed_corrupt(&self) {
        self.corrupt.fetch_add(1, Relaxed);
    }

    /// Returns whether it was the first.
    pub(super) fn was_overtaken(&self) -> bool {
        self.overtaken.fetch_add(1, Relaxed) == 0
    }

    /// Returns whether it was the first.
    pub(super) fn missed_in_list(&self) -> bool {
        self.unlisted.fetch_add(1, Relaxed) == 0
    }
}

/// The results of replays, by pending write.
#[derive(Default)]
pub struct Replays {
    done: AtomicU64,
    expired: AtomicU64,
    conflicts: AtomicU64,
    /// The conflicts that were logged.
    logged: AtomicU64,
    uncertain: AtomicU64,
}

impl Replays {
    /// Redis has executed it.
    #[must_use]
    pub fn replayed(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// The value had expired before Redis was available again.
    #[must_use]
    pub fn dropped_as_expired(&self) -> u64 {
        self.expired.load(Relaxed)
    }

    /// Writes that were given up: another instance has written the key meanwhile, or Redis refuses them for good, as for
    /// the type of the key.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        self.conflicts.load(Relaxed)
    }

    /// Increments whose reply was lost, in an outage or out of one; they are not sent twice.
    #[must_use]
    pub fn uncertain(&self) -> u64 {
        self.uncertain.load(Relaxed)
    }

    pub(super) fn count_done(&self) {
        self.done.fetch_add(1, Relaxed);
    }

    pub(super) fn count_expired(&self) {
        self.expired.fetch_add(1, Relaxed);
    }

    pub(super) fn count_conflict(&self) {
        self.conflicts.fetch_add(1, Relaxed);
    }

    /// The conflicts since the last call.
    pub(super) fn take_unlogged(&self) -> u64 {
        let conflicts = self.conflicts();
        conflicts - self.logged.swap(conflicts, Relaxed)
    }

    pub(super) fn count_uncertain(&self) {
        self.uncertain.fetch_add(1, Relaxed);
    }
}
