//! The store's operations as data.
//!
//! A new primitive is a variant of [`Operation`], with a method of [`Store`](super::Store) that names it, and an arm
//! each in `memory.rs`, in `upstash.rs` and in `mutation.rs`, which says what it changes.

use super::admission::{Admission, Limit};
use super::guess::Guess;
use super::metrics::Outcome;
use crate::keys::{Expiry, Key, Ttl};

/// One call of a store, with its arguments. [`Store`](super::Store) documents what each does.
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "the fields are the parameters of the method of the same name")]
pub enum Operation<'a> {
    /// [`Store::get`](super::Store::get)
    Get { key: &'a Key },
    /// [`Store::get_many`](super::Store::get_many)
    GetMany { keys: &'a [Key] },
    /// [`Store::set`](super::Store::set)
    Set { key: &'a Key, value: &'a str, expiry: Expiry },
    /// [`Store::set_if_absent`](super::Store::set_if_absent)
    SetIfAbsent { key: &'a Key, value: &'a str, ttl: Ttl },
    /// [`Store::claim_or_read`](super::Store::claim_or_read)
    ClaimOrRead { key: &'a Key, value: &'a str, ttl: Ttl, also: &'a [Key] },
    /// [`Store::delete`](super::Store::delete)
    Delete { keys: &'a [Key] },
    /// [`Store::release`](super::Store::release)
    Release { key: &'a Key },
    /// [`Store::exists`](super::Store::exists)
    Exists { key: &'a Key },
    /// [`Store::increment`](super::Store::increment)
    Increment { key: &'a Key, by: i64 },
    /// [`Store::next_number`](super::Store::next_number)
    NextNumber { key: &'a Key },
    /// [`Store::expire`](super::Store::expire)
    Expire { key: &'a Key, ttl: Ttl },
    /// [`Store::expire_unless`](super::Store::expire_unless)
    ExpireUnless { key: &'a Key, unless: &'a str, ttl: Ttl },
    /// [`Store::get_and_delete`](super::Store::get_and_delete)
    GetAndDelete { key: &'a Key },
    /// [`Store::compare_and_set`](super::Store::compare_and_set)
    CompareAndSet { key: &'a Key, expected: &'a str, new: &'a str, ttl: Option<Ttl> },
    /// [`Store::compare_and_delete`](super::Store::compare_and_delete)
    CompareAndDelete { key: &'a Key, expected: &'a str },
    /// [`Store::admit`](super::Store::admit)
    Admit { limits: &'a [Limit] },
    /// [`Store::get_many_from_primary`](super::Store::get_many_from_primary)
    GetManyFromPrimary { keys: &'a [Key] },
    /// [`Store::set_unless`](super::Store::set_unless)
    SetUnless { key: &'a Key, value: &'a str, unless: &'a str, ttl: Ttl },
    /// [`Store::revoke`](super::Store::revoke)
    Revoke { key: &'a Key, left: Option<(&'a str, Ttl)> },
    /// [`Store::increment_within`](super::Store::increment_within)
    IncrementWithin { key: &'a Key, by: i64, ttl: Ttl },
    /// [`Store::scan`](super::Store::scan)
    Scan { prefix: &'a str },
    /// [`Store::verify`](super::Store::verify)
    Verify { key: &'a Key, hash: &'a str },
    /// [`Store::apply`](super::Store::apply)
    Apply { writes: &'a [Write] },
}

/// What an operation returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// It is done, and there is nothing to say.
    Done,
    /// The value of a key.
    Value(Option<String>),
    /// The values of several keys.
    Values(Vec<Option<String>>),
    /// Whether a key exists, or a condition held.
    Flag(bool),
    /// The names of keys.
    Names(Vec<String>),
    /// How many keys existed.
    Count(u64),
    /// The value of a counter.
    Sum(i64),
    /// How a compare-and-set ended.
    Swap(Swap),
    /// How a claim ended, and what was read with it.
    Claim(ClaimOrRead),
    /// How an admission ended.
    Admission(Admission),
    /// How a guess at a code ended.
    Guess(Guess),
}

/// How a claim ended that reads what it does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOrRead {
    /// The value that the key has instead; `None` when the claim is granted.
    pub held: Option<String>,
    /// The values of the other keys, in their order.
    pub also: Vec<Option<String>>,
}

impl ClaimOrRead {
    /// Whether the claim is granted.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        self.held.is_none()
    }
}

/// How a compare-and-set ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// The value was the expected one and has been replaced.
    Done,
    /// There is no such key; nothing was changed.
    Absent,
    /// The value is this one instead; nothing was changed.
    Changed(String),
}

/// One write of an atomic group.
#[derive(Debug, Clone)]
pub enum Write {
    /// Stores a value.
    Set {
        /// The key.
        key: Key,
        /// Its new value.
        value: String,
        /// When it expires.
        expiry: Expiry,
    },
    /// Removes a key if it exists.
    Delete {
        /// The key.
        key: Key,
    },
}

impl Write {
    pub(super) fn key(&self) -> &Key {
        match self {
            Self::Set { key, .. } | Self::Delete { key } => key,
        }
    }
}

impl<'a> Operation<'a> {
    /// The keys that it reads or writes.
    pub(super) fn keys(self) -> impl Iterator<Item = &'a Key> + Clone {
        let (keys, also, writes, limits): (&[Key], &[Key], &[Write], &[Limit]) = match self {
            Self::Get { key }
            | Self::Set { key, .. }
            | Self::SetIfAbsent { key, .. }
            | Self::Release { key }
            | Self::Exists { key }
            | Self::Increment { key, .. }
            | Self::NextNumber { key }
            | Self::Expire { key, .. }
            | Self::ExpireUnless { key, .. }
            | Self::GetAndDelete { key }
            | Self::SetUnless { key, .. }
            | Self::Revoke { key, .. }
            | Self::IncrementWithin { key, .. }
            | Self::CompareAndSet { key, .. }
            | Self::CompareAndDelete { key, .. }
            | Self::Verify { key, .. } => (std::slice::from_ref(key), &[], &[], &[]),
            Self::ClaimOrRead { key, also, .. } => (std::slice::from_ref(key), also, &[], &[]),
            Self::GetMany { keys } | Self::GetManyFromPrimary { keys } | Self::Delete { keys } => {
                (keys, &[], &[], &[])
            }
            Self::Scan { .. } => (&[], &[], &[], &[]),
            Self::Apply { writes } => (&[], &[], writes, &[]),
            Self::Admit { limits } => (&[], &[], &[], limits),
        };
        keys.iter()
            .chain(also)
            .chain(writes.iter().map(Write::key))
            .chain(limits.iter().flat_map(Limit::keys))
    }

    pub(super) fn is_read(self) -> bool {
        matches!(
            self,
            Self::Get { .. }
                | Self::GetMany { .. }
                | Self::GetManyFromPrimary { .. }
                | Self::Exists { .. }
                | Self::Scan { .. }
        )
    }

    /// Whether it is a write that [`FallbackStore`](super::FallbackStore) looks up when its reply is lost. Those with a
    /// condition look by themselves, an increment cannot be told from another one, and who has what was
    /// [taken](Self::takes) cannot be told at all.
    pub(super) fn can_be_looked_up(self) -> bool {
        matches!(self, Self::Set { .. } | Self::Delete { .. } | Self::Release { .. } | Self::Apply { .. })
    }

    /// The key from which it takes what one caller gets only.
    pub(super) fn takes(self) -> Option<&'a Key> {
        match self {
            Self::GetAndDelete { key } | Self::Verify { key, .. } => Some(key),
            _ => None,
        }
    }

    /// The key that it claims, with a text that no other claim has.
    pub(super) fn unique_claim(self) -> Option<(&'a Key, &'a str)> {
        match self {
            Self::ClaimOrRead { key, value, .. } => Some((key, value)),
            _ => None,
        }
    }

    /// What it counts as in the metrics, given what it returned.
    pub(super) fn outcome(self, output: &Output) -> Outcome {
        match (self, output) {
            (_, Output::Value(value)) => Outcome::hit(value.is_some()),
            (_, Output::Values(values)) => Outcome::hit(values.iter().any(Option::is_some)),
            (_, Output::Names(names)) => Outcome::hit(!names.is_empty()),
            (Self::Exists { .. }, Output::Flag(exists)) => Outcome::hit(*exists),
            (_, Output::Guess(guess)) => Outcome::hit(*guess != Guess::Absent),
            (_, Output::Claim(claim)) if !claim.is_granted() => Outcome::Hit,
            (_, Output::Admission(admission)) if !admission.is_admitted => Outcome::Hit,
            // The key of a claim that failed was there.
            (Self::SetIfAbsent { .. } | Self::SetUnless { .. }, Output::Flag(false))
            | (_, Output::Swap(Swap::Changed(_))) => Outcome::Hit,
            (_, Output::Flag(false) | Output::Swap(Swap::Absent)) => Outcome::Miss,
            _ => Outcome::Stored,
        }
    }
}

/// The conversions of the methods of [`Store`](super::Store). Each operation has one kind of output, so they panic
/// only where a store breaks that rule.
impl Output {
    pub(super) fn into_value(self) -> Option<String> {
        if let Self::Value(value) = self { value } else { unreachable!("{self:?} is no value") }
    }

    pub(super) fn into_values(self) -> Vec<Option<String>> {
        if let Self::Values(values) = self { values } else { unreachable!("{self:?} is no list of values") }
    }

    pub(super) fn into_names(self) -> Vec<String> {
        if let Self::Names(names) = self { names } else { unreachable!("{self:?} is no list of names") }
    }

    pub(super) fn into_flag(self) -> bool {
        if let Self::Flag(flag) = self { flag } else { unreachable!("{self:?} is no flag") }
    }

    pub(super) fn into_count(self) -> u64 {
        if let Self::Count(count) = self { count } else { unreachable!("{self:?} is no count") }
    }

    pub(super) fn into_sum(self) -> i64 {
        if let Self::Sum(sum) = self { sum } else { unreachable!("{self:?} is no sum") }
    }

    pub(super) fn into_swap(self) -> Swap {
        if let Self::Swap(swap) = self { swap } else { unreachable!("{self:?} is no swap") }
    }

    pub(super) fn into_guess(self) -> Guess {
        if let Self::Guess(guess) = self { guess } else { unreachable!("{self:?} is no guess") }
    }

    pub(super) fn into_claim(self) -> ClaimOrRead {
        if let Self::Claim(claim) = self { claim } else { unreachable!("{self:?} is no claim") }
    }

    /// Notes that memory has decided on an admission, in an outage.
    pub(super) fn fallen_back(self) -> Self {
        match self {
            Self::Admission(admission) => Self::Admission(Admission { has_fallen_back: true, ..admission }),
            other => other,
        }
    }

    pub(super) fn into_admission(self) -> Admission {
        if let Self::Admission(admission) = self { admission } else { unreachable!("{self:?} is none") }
    }
}
