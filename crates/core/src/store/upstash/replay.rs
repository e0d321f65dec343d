//! The replay of a write that Redis did not get, or may not have got.

use std::time::Duration;

use tokio::time::Instant;

use super::conditional::SetUnless;
use super::scripts::{
    ADD_IF_THERE, ADD_WITH_EXPIRY, END_UNLESS_CHANGED, EXPIRE_UNLESS_CHANGED, PUT_IF_KNOWN,
    PUT_UNLESS_CHANGED, REMOVE_UNLESS_CHANGED,
};
use super::{UpstashStore, delete};
use crate::Result;
use crate::clock::SteadyMillis;
use crate::keys::{Key, Ttl};
use crate::store::{Expects, Replay};
use crate::upstash::Command;

impl UpstashStore {
    pub(super) async fn replay_write(&self, key: &Key, replay: &Replay, deadline: Instant) -> Result<bool> {
        if replay.is_nothing() {
            return Ok(true);
        }
        let run = |command| self.client.run_by(command, deadline);
        match replay {
            Replay::Put { value, expires_at, expects } => {
                let left = expires_at.map(|expires_at| self.millis_left(expires_at));
                match expects {
                    Expects::Anything => {
                        let command = Command::new("SET").key(key).arg(value);
                        let command = left.into_iter().fold(command, Command::millis);
                        run(command).await.map(|_| true)
                    }
                    Expects::AnythingBut(unless) | Expects::AnotherThan(unless) => {
                        let ttl = Ttl::from_duration(Duration::from_millis(left.unwrap_or(u64::MAX)));
                        let needs_key = matches!(expects, Expects::AnotherThan(_));
                        let set = SetUnless { value, unless, ttl, needs_key };
                        self.set_unless(key, set, deadline).await
                    }
                    Expects::OneOf(ours) => {
                        let ours = [ours, std::slice::from_ref(value)].concat();
                        let with = |command: Command| command.arg(value);
                        self.unless_changed(&PUT_IF_KNOWN, key, with, &ours, deadline).await
                    }
                    Expects::NothingOr(ours) => {
                        let with = |command: Command| command.arg(value).number(left.unwrap_or(0));
                        let ours = [ours, std::slice::from_ref(value)].concat();
                        self.unless_changed(&PUT_UNLESS_CHANGED, key, with, &ours, deadline).await
                    }
                }
            }
            Replay::Remove {
                expects: Expects::Anything | Expects::AnythingBut(_) | Expects::AnotherThan(_),
                ..
            } => run(delete(std::slice::from_ref(key))).await.map(|_| true),
            Replay::Remove { expects: Expects::NothingOr(ours) | Expects::OneOf(ours), .. } => {
                self.unless_changed(&REMOVE_UNLESS_CHANGED, key, |command| command, ours, deadline).await
            }
            Replay::Add { by, expires_at: None, .. } => {
                run(Command::new("INCRBY").key(key).number(*by)).await.map(|_| true)
            }
            Replay::Add { by, expires_at: Some(expires_at), with_expiry } => {
                let left = self.millis_left(*expires_at);
                let with = |command: Command| command.number(*by).number(left).number(*with_expiry);
                self.client.eval(&ADD_WITH_EXPIRY, key, with, deadline).await.map(|_| true)
            }
            Replay::AddIfThere { by } => self
                .client
                .eval(&ADD_IF_THERE, key, |command| command.number(*by), deadline)
                .await
                .map(|_| true),
            Replay::End {
                expects: Expects::Anything | Expects::AnythingBut(_) | Expects::AnotherThan(_),
            } => run(Command::new("PEXPIRE").key(key).number(0).if_absent()).await.map(|_| true),
            Replay::End { expects: Expects::NothingOr(ours) | Expects::OneOf(ours) } => {
                self.unless_changed(&END_UNLESS_CHANGED, key, |command| command, ours, deadline).await
            }
            Replay::Expire { expires_at: None, .. } => Ok(true),
            Replay::Expire { expires_at: Some(expires_at), expects } => {
                let left = self.millis_left(*expires_at);
                match expects {
                    Expects::Anything | Expects::AnythingBut(_) | Expects::AnotherThan(_) => {
                        run(Command::new("PEXPIRE").key(key).number(left)).await.map(|_| true)
                    }
                    Expects::NothingOr(ours) | Expects::OneOf(ours) => {
                        let with = |command: Command| command.number(left);
                        self.unless_changed(&EXPIRE_UNLESS_CHANGED, key, with, ours, deadline).await
                    }
                }
            }
        }
    }

    /// The milliseconds until `expires_at`, at least one. The client's wall clock may differ from Redis's, so no replay
    /// names a time.
    fn millis_left(&self, expires_at: SteadyMillis) -> u64 {
        expires_at.saturating_sub(self.clock.steady()).max(1)
    }
}
