//! The replay: pending writes go to Redis once it is available again.

use futures_util::future::join_all;
use tokio::time::Instant;

use super::RemoteStore;
use super::metrics::Replays;
use super::offline::OfflineStore;
use super::pending_write::{Replay, Step};
use crate::Error;

/// As many commands as go into one request, two for a claim.
const STEPS_AT_ONCE: usize = 500;
/// After this many results, the thread gets to other calls.
const RESULTS_AT_ONCE: usize = 50;

/// Replays until nothing is pending.
///
/// # Errors
///
/// When Redis cannot be used; what has not been replayed stays pending.
pub(super) async fn replay_all<R: RemoteStore>(
    offline: &OfflineStore,
    remote: &R,
    replays: &Replays,
) -> Result<(), Error> {
    while offline.pending() > 0 {
        let start = Instant::now();
        let steps = offline.steps(STEPS_AT_ONCE);
        let results = join_all(steps.iter().map(|step| remote.replay(&step.key, &step.replay))).await;
        let mut outage = None;
        for (index, (step, result)) in steps.iter().zip(results).enumerate() {
            if let Err(error) = finish(offline, replays, step, result) {
                outage = Some(error);
            }
            if index % RESULTS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
        if let Some(error) = outage {
            return Err(error);
        }
        if offline.pending() > 0 {
            // As long as it took: half of the time belongs to other calls.
            tokio::time::sleep(start.elapsed()).await;
        }
    }
    Ok(())
}

fn finish(
    offline: &OfflineStore,
    replays: &Replays,
    step: &Step,
    result: Result<bool, Error>,
) -> Result<(), Error> {
    match result {
        Ok(true) => {
            match step.replay {
                Replay::DeleteExpired | Replay::Nothing => replays.count_expired(),
                _ => replays.count_done(),
            }
            offline.replayed(step);
        }
        // A retry could count twice.
        Err(error)
            if error.is_outage()
                && !error.is_certainly_not_executed()
                && matches!(step.replay, Replay::Increment(..)) =>
        {
            replays.count_uncertain();
            offline.replayed(step);
            return Err(error);
        }
        Err(error) if error.is_outage() || error.is_abandoned() => return Err(error),
        // Another instance has claimed the key, or it holds another type.
        Ok(false) | Err(_) => {
            replays.count_conflict();
            offline.refused(step);
        }
    }
    Ok(())
}
