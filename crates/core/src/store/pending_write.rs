//! What becomes of a key during an outage, as one effect however many calls there were.
//!
//! An effect says how Redis is to be brought up to date. The value itself and its expiry stand in memory, so that an
//! effect stays small and never disagrees with what this process reads.

/// What Redis is still to be told about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PendingWrite {
    /// It holds what memory holds, or nothing if that has expired.
    Set,
    /// It is gone.
    Delete,
    /// It holds what memory holds if nobody else has put something there.
    Claim,
    /// It is more by this much, and has a new expiry if one was set.
    Increment {
        /// The sum of all increments.
        by: i64,
        /// Whether memory's expiry counts.
        with_expiry: bool,
    },
    /// It has the expiry that memory says.
    Expire,
}

/// What one call does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    /// Stores a value, whatever was there.
    Set,
    /// Removes it.
    Delete,
    /// Stores a value where there was none.
    Claim,
    /// Adds to a counter.
    Increment(i64),
    /// Gives it a new expiry.
    Expire,
}

impl PendingWrite {
    /// What `change` makes of the effect that was there. `was_live` tells whether the key had a value before, as far
    /// as this process knows.
    pub(super) fn after(before: Option<Self>, was_live: bool, change: Mutation) -> Self {
        match (change, before) {
            (Mutation::Set, _) => Self::Set,
            (Mutation::Delete, _) => Self::Delete,
            // Where this process has itself ended what was there, Redis is to follow, whatever it still holds.
            (Mutation::Claim | Mutation::Increment(_), Some(gone)) if !was_live && gone != Self::Claim => {
                Self::Set
            }
            (Mutation::Claim, _) => Self::Claim,
            (Mutation::Increment(more), Some(Self::Increment { by, with_expiry })) => {
                Self::Increment { by: by.saturating_add(more), with_expiry }
            }
            (Mutation::Increment(by), None) => Self::Increment { by, with_expiry: false },
            (Mutation::Increment(by), Some(Self::Claim)) if !was_live => {
                Self::after(None, was_live, Mutation::Increment(by))
            }
            (Mutation::Increment(by), Some(Self::Expire))
            | (Mutation::Expire, Some(Self::Increment { by, .. })) => {
                Self::Increment { by, with_expiry: true }
            }
            (Mutation::Expire, None) => Self::Expire,
            (Mutation::Increment(_) | Mutation::Expire, Some(same)) => same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The effect of changes, each with whether the key was live before it.
    fn effect(changes: &[(bool, Mutation)]) -> PendingWrite {
        let fold = |before, &(was_live, change)| Some(PendingWrite::after(before, was_live, change));
        changes.iter().fold(None, fold).unwrap()
    }

    #[test]
    fn many_changes_come_to_one_effect() {
        use Mutation::{Claim, Delete, Expire, Increment, Set};

        for (changes, expected) in [
            (vec![(false, Claim)], PendingWrite::Claim),
            (
                vec![(true, Increment(2)), (true, Increment(3))],
                PendingWrite::Increment { by: 5, with_expiry: false },
            ),
            (
                vec![(true, Increment(2)), (true, Expire)],
                PendingWrite::Increment { by: 2, with_expiry: true },
            ),
            (
                vec![(true, Expire), (true, Increment(2))],
                PendingWrite::Increment { by: 2, with_expiry: true },
            ),
            (vec![(true, Expire), (true, Expire)], PendingWrite::Expire),
            (vec![(false, Claim), (true, Expire)], PendingWrite::Claim),
            (vec![(false, Claim), (true, Set)], PendingWrite::Set),
            (vec![(true, Delete), (false, Claim)], PendingWrite::Set),
            (vec![(true, Delete), (false, Increment(1))], PendingWrite::Set),
            (vec![(true, Set), (true, Increment(1))], PendingWrite::Set),
            (vec![(true, Increment(1)), (true, Delete)], PendingWrite::Delete),
            (vec![(false, Claim), (false, Claim)], PendingWrite::Claim),
            (
                vec![(false, Claim), (false, Increment(1))],
                PendingWrite::Increment { by: 1, with_expiry: false },
            ),
        ] {
            assert_eq!(effect(&changes), expected, "{changes:?}");
        }
    }
}
