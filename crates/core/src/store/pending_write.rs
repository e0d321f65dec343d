//! What an outage leaves to be written to Redis: one pending write for each key, however many calls there were.
//!
//! A pending write names what to do, and what Redis may hold for it to be done: a write that another instance has made
//! meanwhile stays. The value and its expiry are in memory, so that a pending write never disagrees with what this
//! process reads. [`Replay`] is both together, as Redis gets them.

mod step;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::guess::CodeText;
use super::memory::Held;
use super::mutation::Mutation;
use crate::keys::Ttl;

pub(super) use self::step::Step;
pub use self::step::{Expects, Replay};

/// What Redis still has to learn about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PendingWrite {
    action: Action,
    /// Whether it may only replace nothing, or a text of `ours`.
    is_conditional: bool,
    /// Whether it may not even replace nothing: another instance may have removed the key.
    needs_key: bool,
    /// Whether no write of another instance makes it void.
    is_final: bool,
    /// A text that it may not replace.
    unless: Option<Arc<str>>,
    /// The texts that Redis may hold without another instance having written: what this process knew or expected there,
    /// and what it may have stored itself, when a reply was lost.
    ours: Vec<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Store what memory holds; if that has expired, remove the key.
    Put,
    /// Remove the key.
    Remove,
    /// Add to the counter.
    Add {
        /// The sum of all increments.
        by: i64,
        /// What memory's expiry is.
        expiry: CounterExpiry,
    },
    /// Set memory's expiry.
    Expire,
}

/// What memory knows of the expiry of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CounterExpiry {
    /// As much as a stale copy does, which may have guessed. Redis alone knows whether it is over.
    Guessed,
    /// The end of its window: when that is over, there is nothing left to add to.
    Window,
    /// What this process has given it, even if Redis has the counter.
    Given,
}

impl PendingWrite {
    /// The pending write of a first mutation. `known` is the text that this process last saw in Redis. `was_live` tells
    /// whether the key had a value before.
    pub(super) fn new(mutation: Mutation<'_>, known: Option<Arc<str>>, was_live: bool) -> Self {
        let write = |action, is_conditional, ours| Self {
            action,
            is_conditional,
            needs_key: false,
            is_final: false,
            unless: None,
            ours,
        };
        let conditional = |action, ours: Vec<Arc<str>>| write(action, true, ours);
        let known: Vec<Arc<str>> = known.into_iter().collect();
        match mutation {
            Mutation::Set { .. } => write(Action::Put, false, known),
            Mutation::SetUnless { unless, .. } => {
                let unless = Some(unless.into());
                Self { unless, needs_key: was_live, ..write(Action::Put, false, known) }
            }
            Mutation::Revoke { left } => {
                let action = if left.is_some() { Action::Put } else { Action::Remove };
                Self { is_final: true, ..write(action, false, known) }
            }
            Mutation::Replace { expected, ttl: None, .. } => {
                Self { needs_key: true, ..conditional(Action::Put, vec![expected.into()]) }
            }
            Mutation::Claim { .. } => conditional(Action::Put, Vec::new()),
            Mutation::Replace { expected, .. } => conditional(Action::Put, vec![expected.into()]),
            Mutation::Delete { expected: Some(expected) } => {
                conditional(Action::Remove, vec![expected.into()])
            }
            Mutation::EndCode { before } => conditional(Action::Remove, texts_from(before)),
            Mutation::Delete { expected: None } => write(Action::Remove, false, known),
            // Without a known text, the key is removed whatever it holds.
            Mutation::Release => write(Action::Remove, !known.is_empty(), known),
            Mutation::Increment { by, within, .. } => {
                let expiry = CounterExpiry::within(within);
                write(Action::Add { by, expiry }, false, Vec::new())
            }
            Mutation::Expire { .. } => write(Action::Expire, false, known),
        }
    }

    /// Follows a further mutation.
    pub(super) fn then(&mut self, was_live: bool, mutation: Mutation<'_>) {
        match mutation {
            Mutation::Set { .. } => {
                self.begin_anew(Action::Put, false);
            }
            Mutation::Revoke { left } => {
                self.begin_anew(if left.is_some() { Action::Put } else { Action::Remove }, false);
                self.is_final = true;
            }
            Mutation::SetUnless { unless, .. } => {
                // What this process has put there itself is no tombstone of another.
                if self.action != Action::Put {
                    self.begin_anew(Action::Put, false);
                    self.unless = Some(unless.into());
                    self.needs_key = was_live;
                }
            }
            Mutation::Replace { .. }
            | Mutation::Delete { .. }
            | Mutation::EndCode { .. }
            | Mutation::Release => {
                if let Mutation::EndCode { before } = mutation {
                    let known = std::mem::take(&mut self.ours);
                    let texts = known.iter().map(AsRef::as_ref).chain([before]).flat_map(texts_from);
                    self.ours = texts.collect::<BTreeSet<_>>().into_iter().collect();
                }
                self.is_conditional = match self.action {
                    // This process must not undo what another one has stored meanwhile.
                    Action::Put | Action::Remove => self.is_conditional,
                    Action::Expire => !self.ours.is_empty(),
                    // The sum in Redis is not known.
                    Action::Add { .. } => false,
                };
                if self.action == Action::Expire {
                    self.needs_key = matches!(mutation, Mutation::Replace { ttl: None, .. });
                }
                self.action = action_of(mutation);
            }
            // What this process knew has ended, and it claims the key anew.
            Mutation::Claim { .. } => self.begin_anew(Action::Put, true),
            Mutation::Increment { by, within, .. } => {
                self.add(was_live, by, CounterExpiry::within(within));
            }
            Mutation::Expire { .. } => {
                if let Action::Add { by, .. } = self.action {
                    self.action = Action::Add { by, expiry: CounterExpiry::Given };
                }
            }
        }
    }

    fn add(&mut self, was_live: bool, more: i64, expiry: CounterExpiry) {
        // A claim that Redis has never seen has ended, and counting begins anew.
        let is_anew = !was_live && self.is_conditional && self.ours.is_empty();
        self.action = match self.action {
            Action::Add { by, expiry: CounterExpiry::Guessed } => {
                Action::Add { by: by.saturating_add(more), expiry }
            }
            // What was counted has ended with its counter.
            Action::Add { expiry, .. } if !was_live => Action::Add { by: more, expiry },
            Action::Add { by, expiry } => Action::Add { by: by.saturating_add(more), expiry },
            Action::Expire => Action::Add { by: more, expiry: CounterExpiry::Given },
            Action::Put | Action::Remove if is_anew => {
                self.is_conditional = false;
                Action::Add { by: more, expiry }
            }
            Action::Put | Action::Remove => Action::Put,
        };
    }

    /// Follows a mutation that does not depend on those before it, or only as `is_conditional` says.
    fn begin_anew(&mut self, action: Action, is_conditional: bool) {
        self.action = action;
        self.is_conditional = is_conditional;
        self.needs_key = false;
        self.is_final = false;
        self.unless = None;
    }

    /// Notes that the reply to `sent` was lost: Redis may have executed it. `is_current` tells that there was no further
    /// mutation. Then anything but the texts of this process was written after `sent`, and stays.
    pub(super) fn lost(&mut self, sent: &Replay, is_current: bool) {
        if let Replay::Put { value, .. } = sent
            && !self.ours.contains(value)
        {
            self.ours.push(Arc::clone(value));
        }
        self.is_conditional |= is_current && !self.is_final && !self.ours.is_empty();
    }

    /// Follows what Redis has executed, if there was another mutation meanwhile.
    pub(super) fn without(&mut self, done: &Replay) {
        match (self.action, done) {
            (Action::Add { by, expiry }, Replay::Add { by: done, .. } | Replay::AddIfThere { by: done }) => {
                self.action = Action::Add { by: by.saturating_sub(*done), expiry };
            }
            (_, Replay::Put { value, .. }) => self.ours = vec![Arc::clone(value)],
            (_, Replay::Remove { .. }) => self.ours.clear(),
            _ => {}
        }
    }

    /// What to send to Redis, given what memory holds.
    pub(super) fn replay(&self, held: Option<Held>) -> Replay {
        let expects = || match &self.unless {
            _ if self.is_conditional && self.needs_key => Expects::OneOf(self.ours.clone()),
            _ if self.is_conditional => Expects::NothingOr(self.ours.clone()),
            Some(unless) if self.needs_key => Expects::AnotherThan(Arc::clone(unless)),
            Some(unless) => Expects::AnythingBut(Arc::clone(unless)),
            None => Expects::Anything,
        };
        match (self.action, held) {
            (Action::Put, Some(Held { value, expires_at })) => {
                Replay::Put { value, expires_at, expects: expects() }
            }
            (Action::Remove, _) => Replay::Remove { expects: expects(), has_expired: false },
            (Action::Add { by, expiry }, Some(Held { expires_at, .. })) => {
                Replay::Add { by, expires_at, with_expiry: expiry == CounterExpiry::Given }
            }
            (Action::Add { by, expiry: CounterExpiry::Guessed }, None) => Replay::AddIfThere { by },
            (Action::Add { expiry: CounterExpiry::Window, .. }, None) => Replay::nothing(),
            (Action::Expire, Some(Held { expires_at, .. })) => {
                Replay::Expire { expires_at, expects: expects() }
            }
            (Action::Add { expiry: CounterExpiry::Given, .. }, None) => {
                Replay::End { expects: Expects::Anything }
            }
            (Action::Expire, None) => Replay::End { expects: self.expects_ours() },
            // An expired value is not written, and what it had replaced must not return.
            (Action::Put, None) => {
                let expects = if self.is_final { Expects::Anything } else { self.expects_ours() };
                Replay::Remove { expects, has_expired: true }
            }
        }
    }

    /// What this process knew there, if it knew anything or the write depended on that.
    fn expects_ours(&self) -> Expects {
        if self.is_conditional || !self.ours.is_empty() {
            Expects::NothingOr(self.ours.clone())
        } else {
            Expects::Anything
        }
    }

    /// The bytes of the texts, for the limit of memory.
    pub(super) fn text_bytes(&self) -> usize {
        self.ours.iter().map(|text| text.len()).sum()
    }
}

impl CounterExpiry {
    fn within(window: Option<Ttl>) -> Self {
        if window.is_some() { Self::Window } else { Self::Guessed }
    }
}

/// The texts that a code has had since it had this one, if other instances have taken attempts.
fn texts_from(text: &str) -> Vec<Arc<str>> {
    let Some(code) = CodeText::parse(text) else { return vec![text.into()] };
    (1..=code.attempts).rev().map(|attempts| CodeText { attempts, ..code }.text().into()).collect()
}

/// The action of a replacement or a removal.
fn action_of(mutation: Mutation<'_>) -> Action {
    if matches!(mutation, Mutation::Replace { .. }) { Action::Put } else { Action::Remove }
}

#[cfg(test)]
mod tests;
