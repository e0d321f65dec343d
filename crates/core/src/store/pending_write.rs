//! What an outage leaves to be written to Redis: one pending write for each key, however many calls there were.
//!
//! A pending write names what to do, and what Redis may hold for it to be done: a write that another instance has made
//! meanwhile stays. The value and its expiry are in memory, so that a pending write never disagrees with what this
//! process reads. [`Replay`] is both together, as Redis gets them.

use std::sync::Arc;

use super::memory::Held;
use super::mutation::Mutation;
use crate::clock::SteadyMillis;
use crate::keys::Key;

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
        /// Whether to set memory's expiry even if Redis has the counter.
        with_expiry: bool,
    },
    /// Set memory's expiry.
    Expire,
}

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
    /// Set the expiry.
    Expire {
        /// When the key expires; `None` leaves it as it is.
        expires_at: Option<SteadyMillis>,
        /// What Redis may hold.
        expects: Expects,
    },
}

/// The replay of one key, as of one version of its pending write.
pub(super) struct Step {
    pub(super) key: Key,
    pub(super) version: u64,
    pub(super) replay: Replay,
}

impl Replay {
    /// Whether Redis needs no request: nothing of this process can be there.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Remove { expects: Expects::NothingOr(ours), .. } if ours.is_empty())
    }
}

impl PendingWrite {
    /// The pending write of a first mutation. `known` is the text that this process last saw in Redis.
    pub(super) fn new(mutation: Mutation<'_>, known: Option<Arc<str>>) -> Self {
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
                Self { unless: Some(unless.into()), ..write(Action::Put, false, known) }
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
            Mutation::Delete { expected: None } => write(Action::Remove, false, known),
            // Without a known text, the key is removed whatever it holds.
            Mutation::Release => write(Action::Remove, !known.is_empty(), known),
            Mutation::Increment { by, .. } => {
                let action = Action::Add { by, with_expiry: false };
                write(action, false, Vec::new())
            }
            Mutation::Expire { .. } => write(Action::Expire, false, known),
        }
    }

    /// Follows a further mutation. `was_live` tells whether the key had a value before it.
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
                }
            }
            Mutation::Replace { .. } | Mutation::Delete { .. } | Mutation::Release => {
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
            Mutation::Increment { by: more, .. } => {
                // A claim that Redis has never seen has ended, and counting begins anew.
                let is_anew = !was_live && self.is_conditional && self.ours.is_empty();
                self.action = match self.action {
                    Action::Add { by, with_expiry } => {
                        Action::Add { by: by.saturating_add(more), with_expiry }
                    }
                    Action::Expire => Action::Add { by: more, with_expiry: true },
                    Action::Put | Action::Remove if is_anew => {
                        self.is_conditional = false;
                        Action::Add { by: more, with_expiry: false }
                    }
                    Action::Put | Action::Remove => Action::Put,
                };
            }
            Mutation::Expire { .. } => {
                if let Action::Add { by, .. } = self.action {
                    self.action = Action::Add { by, with_expiry: true };
                }
            }
        }
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
            (Action::Add { by, with_expiry }, Replay::Add { by: done, .. }) => {
                self.action = Action::Add { by: by.saturating_sub(*done), with_expiry };
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
            Some(unless) => Expects::AnythingBut(Arc::clone(unless)),
            None => Expects::Anything,
        };
        match (self.action, held) {
            (Action::Put, Some(Held { value, expires_at })) => {
                Replay::Put { value, expires_at, expects: expects() }
            }
            (Action::Remove, _) => Replay::Remove { expects: expects(), has_expired: false },
            (Action::Add { by, with_expiry: false }, held) => {
                let expires_at = held.and_then(|held| held.expires_at);
                Replay::Add { by, expires_at, with_expiry: false }
            }
            (Action::Add { by, with_expiry: true }, Some(Held { expires_at, .. })) => {
                Replay::Add { by, expires_at, with_expiry: true }
            }
            (Action::Expire, Some(Held { expires_at, .. })) => {
                Replay::Expire { expires_at, expects: expects() }
            }
            // An expired value is not written, and what it had replaced must not return.
            (Action::Put | Action::Add { .. } | Action::Expire, None) => {
                let is_known = (self.is_conditional || !self.ours.is_empty()) && !self.is_final;
                let expects =
                    if is_known { Expects::NothingOr(self.ours.clone()) } else { Expects::Anything };
                Replay::Remove { expects, has_expired: true }
            }
        }
    }

    /// The bytes of the texts, for the limit of memory.
    pub(super) fn text_bytes(&self) -> usize {
        self.ours.iter().map(|text| text.len()).sum()
    }
}

/// The action of a replacement or a removal.
fn action_of(mutation: Mutation<'_>) -> Action {
    if matches!(mutation, Mutation::Replace { .. }) { Action::Put } else { Action::Remove }
}

#[cfg(test)]
mod tests {
    use Mutation::Delete;

    use super::*;
    use crate::keys::{Expiry, Ttl};

    const SET: Mutation<'_> = Mutation::Set { value: "v", expiry: Expiry::Never };
    const CLAIM: Mutation<'_> = Mutation::Claim { value: "v", expiry: Expiry::Never };
    const REPLACE: Mutation<'_> = Mutation::Replace { expected: "old", value: "w", ttl: None };
    const SET_UNLESS: Mutation<'_> =
        Mutation::SetUnless { value: "v", unless: "gone", expiry: Expiry::Never };
    const REVOKE: Mutation<'_> = Mutation::Revoke { left: None };
    const TOMBSTONE: Mutation<'_> = Mutation::Revoke { left: Some(("gone", Ttl::from_whole_seconds(60))) };
    const EXPIRE: Mutation<'_> = Mutation::Expire { expiry: Expiry::Never };
    const REPLACE_ANEW: Mutation<'_> =
        Mutation::Replace { expected: "old", value: "w", ttl: Some(Ttl::from_whole_seconds(60)) };
    const DELETE: Mutation<'_> = Delete { expected: None };
    const RELEASE: Mutation<'_> = Mutation::Release;
    const TAKE: Mutation<'_> = Delete { expected: Some("old") };

    fn increment(by: i64) -> Mutation<'static> {
        Mutation::Increment { by, sum: by }
    }

    /// The pending write after mutations, each with whether the key was live before it. Redis was last seen to hold
    /// "old".
    fn pending(mutations: &[(bool, Mutation<'_>)]) -> PendingWrite {
        let mut write = PendingWrite::new(mutations[0].1, Some("old".into()));
        for (was_live, mutation) in &mutations[1..] {
            write.then(*was_live, *mutation);
        }
        write
    }

    fn held() -> Held {
        Held { value: "held".into(), expires_at: None }
    }

    /// The replay in short.
    fn described(replay: &Replay) -> String {
        let expected = |expects: &Expects| match expects {
            Expects::Anything => "whatever is there".to_owned(),
            Expects::NothingOr(ours) => format!("unless changed from {ours:?}"),
            Expects::OneOf(ours) => format!("if {ours:?}"),
            Expects::AnythingBut(text) => format!("unless {text:?}"),
        };
        match replay {
            Replay::Put { value, expects, .. } => format!("put {value} {}", expected(expects)),
            Replay::Remove { expects, .. } => format!("remove {}", expected(expects)),
            Replay::Add { by, with_expiry, .. } => format!("add {by}, expiry {with_expiry}"),
            Replay::Expire { expects, .. } => format!("expire {}", expected(expects)),
        }
    }

    #[test]
    fn many_mutations_make_one_pending_write() {
        let put = "put held whatever is there";
        let claim = "put held unless changed from []";
        let replace = r#"put held unless changed from ["old"]"#;
        let swap = r#"put held if ["old"]"#;
        let unless = r#"put held unless "gone""#;
        let remove = r#"remove unless changed from ["old"]"#;
        for (mutations, expected) in [
            (vec![(false, CLAIM)], claim),
            (vec![(true, SET)], put),
            (vec![(true, REPLACE)], swap),
            (vec![(true, REPLACE), (true, REPLACE)], swap),
            (vec![(true, EXPIRE), (true, REPLACE)], swap),
            (vec![(true, REPLACE), (true, SET)], put),
            (vec![(true, REPLACE), (true, REVOKE)], "remove whatever is there"),
            (vec![(true, REPLACE_ANEW)], replace),
            (vec![(true, SET_UNLESS)], unless),
            (vec![(true, SET_UNLESS), (true, SET_UNLESS)], unless),
            (vec![(true, SET), (true, SET_UNLESS)], put),
            (vec![(true, DELETE), (false, SET_UNLESS)], unless),
            (vec![(true, SET_UNLESS), (true, TOMBSTONE)], put),
            (vec![(true, TOMBSTONE), (true, SET)], put),
            (vec![(true, DELETE)], "remove whatever is there"),
            (vec![(true, RELEASE)], remove),
            (vec![(true, TAKE)], remove),
            (vec![(true, increment(2)), (true, increment(3))], "add 5, expiry false"),
            (vec![(true, increment(2)), (true, EXPIRE)], "add 2, expiry true"),
            (vec![(true, EXPIRE), (true, increment(2))], "add 2, expiry true"),
            (vec![(true, EXPIRE), (true, EXPIRE)], "expire whatever is there"),
            (vec![(true, EXPIRE), (true, RELEASE)], remove),
            (vec![(false, CLAIM), (true, EXPIRE)], claim),
            (vec![(false, CLAIM), (true, REPLACE)], claim),
            (vec![(false, CLAIM), (true, RELEASE)], "remove unless changed from []"),
            (vec![(false, CLAIM), (true, SET)], put),
            (vec![(true, RELEASE), (false, CLAIM)], replace),
            (vec![(true, DELETE), (false, CLAIM)], replace),
            (vec![(true, DELETE), (false, increment(1))], put),
            (vec![(true, SET), (true, increment(1))], put),
            (vec![(true, increment(1)), (true, DELETE)], "remove whatever is there"),
            (vec![(false, CLAIM), (false, CLAIM)], claim),
            (vec![(false, CLAIM), (false, increment(1))], "add 1, expiry false"),
        ] {
            assert_eq!(described(&pending(&mutations).replay(Some(held()))), expected, "{mutations:?}");
        }
    }

    #[test]
    fn what_has_expired_removes_what_it_had_replaced() {
        for (mutation, expected) in [
            (CLAIM, "remove unless changed from []"),
            (SET, r#"remove unless changed from ["old"]"#),
            (REPLACE, r#"remove unless changed from ["old"]"#),
        ] {
            assert_eq!(described(&pending(&[(true, mutation)]).replay(None)), expected, "{mutation:?}");
        }
        let unknown = PendingWrite::new(SET, None);
        assert_eq!(described(&unknown.replay(None)), "remove whatever is there");
    }

    #[test]
    fn a_revocation_whose_reply_was_lost_is_sent_again_whatever_is_there() {
        for (mutation, expected) in
            [(REVOKE, "remove whatever is there"), (TOMBSTONE, "put held whatever is there")]
        {
            let mut write = pending(&[(true, mutation)]);
            write.lost(&write.replay(Some(held())), true);
            assert_eq!(described(&write.replay(Some(held()))), expected, "{mutation:?}");
        }
    }

    #[test]
    fn a_write_that_may_be_executed_replaces_only_what_this_process_knows() {
        for (mutation, expected) in [
            (CLAIM, r#"put held unless changed from ["held"]"#),
            (SET, r#"put held unless changed from ["old", "held"]"#),
            (DELETE, r#"remove unless changed from ["old"]"#),
        ] {
            let mut write = pending(&[(true, mutation)]);
            write.lost(&write.replay(Some(held())), true);
            assert_eq!(described(&write.replay(Some(held()))), expected, "{mutation:?}");
        }
        // A later write did not depend on what was there.
        let mut write = pending(&[(true, SET)]);
        let sent = write.replay(Some(held()));
        write.then(true, SET);
        write.lost(&sent, false);
        assert_eq!(described(&write.replay(Some(held()))), "put held whatever is there");
        write.then(true, RELEASE);
        assert_eq!(described(&write.replay(Some(held()))), "remove whatever is there");
    }
}
