//! What a successful operation changed: what a stale copy follows, and what a pending write is made of.

use super::guess::Guess;
use super::{Operation, Output, Swap, Write};
use crate::keys::{Expiry, Key, Ttl};

/// What an operation did to one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation<'a> {
    /// Stored a value, whatever was there.
    Set { value: &'a str, expiry: Expiry },
    /// Stored a value where there was none.
    Claim { value: &'a str, expiry: Expiry },
    /// Stored a value in the place of the expected one, with a new TTL or its own.
    Replace { expected: &'a str, value: &'a str, ttl: Option<Ttl> },
    /// Stored a value, unless this text was there.
    SetUnless { value: &'a str, unless: &'a str, expiry: Expiry },
    /// Put a text in the place of whatever was there, or nothing. No write of another instance makes it void.
    Revoke { left: Option<(&'a str, Ttl)> },
    /// Removed the key, if it was there, or only the expected text.
    Delete { expected: Option<&'a str> },
    /// Removed a code, whatever guesses it has had since it had this text.
    EndCode { before: &'a str },
    /// Removed what this process knew there.
    Release,
    /// Added to a counter, which ends with its window if it has one.
    Increment { by: i64, sum: i64, within: Option<Ttl> },
    /// Gave the key a new expiry.
    Expire { expiry: Expiry },
}

impl<'a> Operation<'a> {
    /// Calls `visit` for each key that the operation has changed, given what it returned. A read changes none, nor does
    /// a condition that did not hold.
    pub(super) fn for_each_mutation(self, output: &'a Output, mut visit: impl FnMut(&'a Key, Mutation<'a>)) {
        match (self, output) {
            (Self::Set { key, value, expiry }, _) => visit(key, Mutation::Set { value, expiry }),
            (Self::SetIfAbsent { key, value, ttl }, Output::Flag(true)) => {
                visit(key, Mutation::Claim { value, expiry: Expiry::After(ttl) });
            }
            (Self::ClaimOrRead { key, value, ttl, .. }, Output::Claim(claim)) if claim.is_granted() => {
                visit(key, Mutation::Claim { value, expiry: Expiry::After(ttl) });
            }
            (Self::CompareAndSet { key, expected, new, ttl }, Output::Swap(Swap::Done)) => {
                visit(key, Mutation::Replace { expected, value: new, ttl });
            }
            (Self::Delete { keys }, _) => {
                for key in keys {
                    visit(key, Mutation::Delete { expected: None });
                }
            }
            (Self::Release { key }, _) => visit(key, Mutation::Release),
            (Self::GetAndDelete { key }, Output::Value(Some(taken))) => {
                visit(key, Mutation::Delete { expected: Some(taken) });
            }
            (Self::CompareAndDelete { key, expected }, Output::Flag(true)) => {
                visit(key, Mutation::Delete { expected: Some(expected) });
            }
            (Self::NextNumber { key }, Output::Sum(sum)) => {
                visit(key, Mutation::Increment { by: 1, sum: *sum, within: None });
            }
            (Self::Verify { key, .. }, Output::Guess(Guess::Wrong { before, after })) => {
                visit(key, Mutation::Replace { expected: before, value: after, ttl: None });
            }
            (Self::Verify { key, .. }, Output::Guess(Guess::Right { before } | Guess::Locked { before })) => {
                visit(key, Mutation::EndCode { before });
            }
            (Self::SetUnless { key, value, unless, ttl }, Output::Flag(true)) => {
                visit(key, Mutation::SetUnless { value, unless, expiry: Expiry::After(ttl) });
            }
            (Self::Revoke { key, left }, _) => visit(key, Mutation::Revoke { left }),
            (Self::Increment { key, by }, Output::Sum(sum)) => {
                visit(key, Mutation::Increment { by, sum: *sum, within: None });
            }
            (Self::IncrementWithin { key, by, ttl }, Output::Sum(sum)) => {
                visit(key, Mutation::Increment { by, sum: *sum, within: Some(ttl) });
            }
            (Self::Expire { key, ttl } | Self::ExpireUnless { key, ttl, .. }, Output::Flag(true)) => {
                visit(key, Mutation::Expire { expiry: Expiry::After(ttl) });
            }
            (Self::Apply { writes }, _) => {
                for write in writes {
                    match write {
                        Write::Set { key, value, expiry } => {
                            visit(key, Mutation::Set { value, expiry: *expiry });
                        }
                        Write::Delete { key } => visit(key, Mutation::Delete { expected: None }),
                    }
                }
            }
            (
                Self::Get { .. }
                | Self::GetMany { .. }
                | Self::GetManyFromPrimary { .. }
                | Self::Scan { .. }
                | Self::Exists { .. }
                | Self::Admit { .. }
                | Self::SetIfAbsent { .. }
                | Self::SetUnless { .. }
                | Self::ClaimOrRead { .. }
                | Self::CompareAndSet { .. }
                | Self::CompareAndDelete { .. }
                | Self::GetAndDelete { .. }
                | Self::Verify { .. }
                | Self::Increment { .. }
                | Self::IncrementWithin { .. }
                | Self::NextNumber { .. }
                | Self::Expire { .. }
                | Self::ExpireUnless { .. },
                _,
            ) => {}
        }
    }
}
