//! The way of effects into Redis, once it is back.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::RemoteStore;
use super::fallback::Shared;
use crate::Error;
use crate::keys::{Expiry, Key};

/// As many commands as go into one request, two for a claim.
const STEPS_AT_ONCE: usize = 500;
/// After so many, the thread gets to other calls.
const NOTES_AT_ONCE: usize = 50;

/// What to do in Redis for one key.
pub(super) struct Step {
    pub(super) key: Key,
    pub(super) version: u64,
    pub(super) replay: Replay,
}

/// What Redis is to be told of a key, together with the value that it is about.
pub enum Replay {
    /// Store the value.
    Set(Arc<str>, Expiry),
    /// Store the value unless the key exists.
    Claim(Arc<str>, Expiry),
    /// Remove the key.
    Delete,
    /// Remove the key, for what was stored in it has expired.
    DeleteExpired,
    /// Add to the counter, and give it an expiry.
    Increment(i64, Option<Expiry>),
    /// Give the key an expiry.
    Expire(Expiry),
    /// Nothing: what there was has expired.
    Nothing,
}

/// Replays until nothing is left.
///
/// # Errors
///
/// When the database cannot be used; what has not been replayed stays.
pub(super) async fn replay_all<R: RemoteStore>(shared: &Shared<R>, remote: &R) -> Result<(), Error> {
    while shared.offline.pending() > 0 {
        let start = Instant::now();
        let steps = shared.offline.steps(STEPS_AT_ONCE);
        let outcomes = join_all(steps.iter().map(|step| remote.replay(&step.key, &step.replay))).await;
        let mut outage = None;
        for (index, (step, outcome)) in steps.iter().zip(outcomes).enumerate() {
            if let Err(error) = take_note(shared, step, outcome) {
                outage = Some(error);
            }
            if index % NOTES_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
        if let Some(error) = outage {
            return Err(error);
        }
        if shared.offline.pending() > 0 {
            // As long as it took: half of the time belongs to other calls.
            tokio::time::sleep(start.elapsed()).await;
        }
    }
    Ok(())
}

fn take_note<R>(shared: &Shared<R>, step: &Step, outcome: Result<bool, Error>) -> Result<(), Error> {
    let tally = &shared.metrics.replays;
    match outcome {
        Ok(true) => {
            match step.replay {
                Replay::DeleteExpired | Replay::Nothing => tally.count_expired(),
                _ => tally.count_done(),
            }
            shared.offline.replayed(step);
        }
        // A second try could count twice.
        Err(error) if error.is_outage() && !error.is_certainly_not_executed() && is_increment(step) => {
            tally.count_uncertain();
            shared.offline.replayed(step);
            return Err(error);
        }
        Err(error) if error.is_outage() || error.is_abandoned() => return Err(error),
        // Somebody else has claimed the key, or it is of another type.
        Ok(false) | Err(_) => {
            tally.count_conflict();
            shared.offline.refused(step);
        }
    }
    Ok(())
}

fn is_increment(step: &Step) -> bool {
    matches!(step.replay, Replay::Increment(..))
}
