//! What an outage leaves to be written to Redis: one pending write for each key, however many calls there were.
//!
//! A pending write names what to do. The value and its expiry are in memory, so that a pending write is small and
//! never disagrees with what this process reads. [`Replay`] is both together, as Redis gets them.

use std::sync::Arc;

use super::mutation::Mutation;
use crate::keys::{Expiry, Key};

/// What Redis still has to learn about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PendingWrite {
    /// Store what memory holds; if that has expired, remove the key.
    Set,
    /// Remove the key.
    Delete,
    /// Store what memory holds, unless another instance has stored something.
    Claim,
    /// Add to the counter.
    Increment {
        /// The sum of all increments.
        by: i64,
        /// Whether to set memory's expiry too.
        with_expiry: bool,
    },
    /// Set memory's expiry.
    Expire,
}

/// A pending write with its value, as it is sent to Redis.
pub enum Replay {
    /// Store the value.
    Set(Arc<str>, Expiry),
    /// Store the value unless the key exists.
    Claim(Arc<str>, Expiry),
    /// Remove the key.
    Delete,
    /// Remove the key, because what was stored in it has expired.
    DeleteExpired,
    /// Add to the counter, and set its expiry if there is one.
    Increment(i64, Option<Expiry>),
    /// Set the expiry.
    Expire(Expiry),
    /// Do nothing: what was claimed has expired.
    Nothing,
}

/// The replay of one key, as of one version of its pending write.
pub(super) struct Step {
    pub(super) key: Key,
    pub(super) version: u64,
    pub(super) replay: Replay,
}

impl PendingWrite {
    /// The pending write after a mutation. `was_live` tells whether the key had a value before, as far as this process
    /// knows.
    pub(super) fn after(before: Option<Self>, was_live: bool, mutation: Mutation<'_>) -> Self {
        match (mutation, before) {
            // A claim stays one while its holder replaces the value: it must not overwrite another instance's claim.
            (Mutation::Replace { .. }, Some(Self::Claim)) => Self::Claim,
            (Mutation::Set { .. } | Mutation::Replace { .. }, _) => Self::Set,
            (Mutation::Delete, _) => Self::Delete,
            // This process has ended what was there, so Redis follows, whatever it still holds.
            (Mutation::Claim { .. } | Mutation::Increment { .. }, Some(ended))
                if !was_live && ended != Self::Claim =>
            {
                Self::Set
            }
            (Mutation::Claim { .. }, _) => Self::Claim,
            (Mutation::Increment { by: more, .. }, Some(Self::Increment { by, with_expiry })) => {
                Self::Increment { by: by.saturating_add(more), with_expiry }
            }
            (Mutation::Increment { by, .. }, None) => Self::Increment { by, with_expiry: false },
            // The claim has expired, and counting begins anew.
            (Mutation::Increment { by, .. }, Some(Self::Claim)) if !was_live => {
                Self::Increment { by, with_expiry: false }
            }
            (Mutation::Increment { by, .. }, Some(Self::Expire))
            | (Mutation::Expire { .. }, Some(Self::Increment { by, .. })) => {
                Self::Increment { by, with_expiry: true }
            }
            (Mutation::Expire { .. }, None) => Self::Expire,
            (Mutation::Increment { .. } | Mutation::Expire { .. }, Some(same)) => same,
        }
    }

    /// What to send to Redis, given what memory holds.
    pub(super) fn replay(self, held: Option<(Arc<str>, Expiry)>) -> Replay {
        match (self, held) {
            (Self::Set, Some((value, expiry))) => Replay::Set(value, expiry),
            (Self::Claim, Some((value, expiry))) => Replay::Claim(value, expiry),
            (Self::Claim, None) => Replay::Nothing,
            (Self::Increment { by, with_expiry: false }, _) => Replay::Increment(by, None),
            (Self::Increment { by, with_expiry: true }, Some((_, expiry))) => {
                Replay::Increment(by, Some(expiry))
            }
            (Self::Expire, Some((_, expiry))) => Replay::Expire(expiry),
            (Self::Delete, _) => Replay::Delete,
            // An expired value is not written, and what it had replaced must not return.
            (Self::Set | Self::Increment { .. } | Self::Expire, None) => Replay::DeleteExpired,
        }
    }

    /// What is left after `done` was replayed, if there was another mutation meanwhile.
    pub(super) fn without(self, done: &Replay) -> Self {
        match (self, done) {
            (Self::Increment { by, with_expiry }, Replay::Increment(done, _)) => {
                Self::Increment { by: by.saturating_sub(*done), with_expiry }
            }
            // The claim was granted, so the value is now this process's own.
            (Self::Claim, Replay::Claim(..)) => Self::Set,
            (left, _) => left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: Mutation<'_> = Mutation::Set { value: "v", expiry: Expiry::Never };
    const CLAIM: Mutation<'_> = Mutation::Claim { value: "v", expiry: Expiry::Never };
    const REPLACE: Mutation<'_> = Mutation::Replace { value: "w", expiry: Expiry::Never };
    const EXPIRE: Mutation<'_> = Mutation::Expire { expiry: Expiry::Never };

    fn increment(by: i64) -> Mutation<'static> {
        Mutation::Increment { by, sum: by }
    }

    /// The pending write after mutations, each with whether the key was live before it.
    fn pending(mutations: &[(bool, Mutation<'_>)]) -> PendingWrite {
        let fold = |before, &(was_live, mutation)| Some(PendingWrite::after(before, was_live, mutation));
        mutations.iter().fold(None, fold).unwrap()
    }

    #[test]
    fn many_mutations_make_one_pending_write() {
        use Mutation::Delete;

        for (mutations, expected) in [
            (vec![(false, CLAIM)], PendingWrite::Claim),
            (
                vec![(true, increment(2)), (true, increment(3))],
                PendingWrite::Increment { by: 5, with_expiry: false },
            ),
            (
                vec![(true, increment(2)), (true, EXPIRE)],
                PendingWrite::Increment { by: 2, with_expiry: true },
            ),
            (
                vec![(true, EXPIRE), (true, increment(2))],
                PendingWrite::Increment { by: 2, with_expiry: true },
            ),
            (vec![(true, EXPIRE), (true, EXPIRE)], PendingWrite::Expire),
            (vec![(false, CLAIM), (true, EXPIRE)], PendingWrite::Claim),
            (vec![(false, CLAIM), (true, REPLACE)], PendingWrite::Claim),
            (vec![(true, REPLACE)], PendingWrite::Set),
            (vec![(false, CLAIM), (true, SET)], PendingWrite::Set),
            (vec![(true, Delete), (false, CLAIM)], PendingWrite::Set),
            (vec![(true, Delete), (false, increment(1))], PendingWrite::Set),
            (vec![(true, SET), (true, increment(1))], PendingWrite::Set),
            (vec![(true, increment(1)), (true, Delete)], PendingWrite::Delete),
            (vec![(false, CLAIM), (false, CLAIM)], PendingWrite::Claim),
            (
                vec![(false, CLAIM), (false, increment(1))],
                PendingWrite::Increment { by: 1, with_expiry: false },
            ),
        ] {
            assert_eq!(pending(&mutations), expected, "{mutations:?}");
        }
    }
}
