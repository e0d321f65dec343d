//! What follows a lost reply: the write may have been executed, and another instance may have written since.
//!
//! The write is sent again as a [`Replay`] that first looks: its own value, or the one known from before, may be
//! replaced; any other stays, as if it had been written after. Claims and compare-and-set look by themselves; an
//! increment cannot be told from another one and is never sent again.

use futures_util::future::join_all;
use tokio::time::Instant;

use super::memory::Held;
use super::mutation::Mutation;
use super::pending_write::PendingWrite;
use super::stale::StaleCopies;
use super::{Operation, Output, RemoteStore};
use crate::Result;
use crate::clock::Clock;

/// Sends a write again whose reply was lost; `None` for an operation that cannot be.
///
/// # Errors
///
/// When Redis is unavailable or refuses the write.
pub(super) async fn send_again<R: RemoteStore>(
    remote: &R,
    stale: &StaleCopies,
    clock: &Clock,
    operation: Operation<'_>,
    deadline: Instant,
) -> Option<Result<Output>> {
    let is_known = |key| stale.last_text(key).is_some();
    let output = match operation {
        Operation::Set { .. } | Operation::Apply { .. } => Output::Done,
        Operation::Delete { keys } => Output::Count(keys.iter().filter(|key| is_known(*key)).count() as u64),
        Operation::Release { key } => Output::Flag(is_known(key)),
        _ => return None,
    };
    let mut replays = Vec::new();
    operation.for_each_mutation(&output, |key, mutation| {
        let mut write = PendingWrite::new(mutation, stale.last_text(key));
        let held = match mutation {
            Mutation::Set { value, expiry } => {
                let held = Held { value: value.into(), expires_at: expiry.expires_at(clock) };
                held.expires_at.is_none_or(|expires_at| expires_at > clock.steady()).then_some(held)
            }
            _ => None,
        };
        write.lost(&write.replay(held.clone()), true);
        replays.push((key, write.replay(held)));
    });
    let sent = replays.iter().map(|(key, replay)| remote.replay(key, replay, deadline));
    // A value that another instance has written meanwhile stays, as if it had been written after this one.
    Some(join_all(sent).await.into_iter().collect::<Result<Vec<bool>>>().map(|_| output))
}
