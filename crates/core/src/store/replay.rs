//! The replay: pending writes go to Redis once it is available again.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::RemoteStore;
use super::metrics::Metrics;
use super::offline::StepResult;
use super::pending_write::{Replay, Step};
use super::shared::Shared;
use crate::{Error, Result};

/// The most steps in one request, and the fewest.
const MOST_STEPS: usize = 128;
const FEWEST_STEPS: usize = 8;
/// The longest pause between two requests.
const LONGEST_REST: Duration = Duration::from_millis(10);
/// After this many results, the thread gets to other calls.
const RESULTS_AT_ONCE: usize = 32;

/// How many steps go into one request. A request that times out is too large for the link.
pub(super) struct StepCount(usize);

impl StepCount {
    pub(super) fn new() -> Self {
        Self(MOST_STEPS)
    }

    pub(super) fn steps(&self) -> usize {
        self.0
    }

    fn timed_out(&mut self) {
        self.0 = (self.0 / 2).max(FEWEST_STEPS);
    }

    fn succeeded(&mut self) {
        self.0 = (self.0 + self.0 / 4 + 1).min(MOST_STEPS);
    }
}

/// What a pass over all pending writes has left.
pub(super) enum Left {
    Nothing,
    /// Redis refuses some for now, as when its memory is full.
    Refused(Error),
}

/// Replays what is pending, once each, and what was changed meanwhile again.
///
/// # Errors
///
/// When Redis cannot be used; what has not been replayed stays pending.
pub(super) async fn replay_all<R: RemoteStore>(
    shared: &Shared<R>,
    remote: &R,
    count: &mut StepCount,
) -> Result<Left> {
    let until = shared.offline.latest_version();
    let mut after = 0;
    let mut left = Left::Nothing;
    loop {
        let start = Instant::now();
        let steps = shared.offline.steps(after, count.0);
        let Some(last) = steps.last() else { return Ok(left) };
        after = last.version;
        match replay_steps(shared, remote, steps, start + remote.timeout()).await {
            Ok(Left::Nothing) => count.succeeded(),
            Ok(refused) => left = refused,
            Err(error) => {
                if error.is_timeout() {
                    count.timed_out();
                }
                return Err(error);
            }
        }
        if after >= until {
            return Ok(left);
        }
        // As long as it took, so that half of the time belongs to other calls; less where the link took most of it.
        tokio::time::sleep(start.elapsed().min(LONGEST_REST)).await;
    }
}

/// Replays until nothing is pending or `deadline` passes, whatever the circuit breaker says: there is no later time.
pub(super) async fn replay_before_the_end<R: RemoteStore>(shared: &Shared<R>, remote: &R, deadline: Instant) {
    const PAUSE: Duration = Duration::from_millis(50);
    let mut count = StepCount::new();
    let replays = async {
        while shared.offline.pending() > 0 {
            if !matches!(replay_all(shared, remote, &mut count).await, Ok(Left::Nothing))
                || shared.offline.pending() > 0
            {
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    // Steps that are cut off here are told as lost.
    let _ = tokio::time::timeout_at(deadline, replays).await;
}

/// Sends steps to Redis and ends each of them.
///
/// # Errors
///
/// When Redis cannot be used.
pub(super) async fn replay_steps<R: RemoteStore>(
    shared: &Shared<R>,
    remote: &R,
    steps: Vec<Step>,
    deadline: Instant,
) -> Result<Left> {
    let results = join_all(steps.iter().map(|step| remote.replay(&step.key, &step.replay, deadline))).await;
    let mut outage = None;
    let mut left = Left::Nothing;
    for (index, (step, result)) in steps.iter().zip(results).enumerate() {
        end_step(shared, step, &result);
        match result {
            Err(error) if error.is_outage() => outage = Some(error),
            Err(error) if error.is_refused_for_now() => left = Left::Refused(error),
            _ => {}
        }
        if index % RESULTS_AT_ONCE == RESULTS_AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
    }
    outage.map_or(Ok(left), Err)
}

/// Ends a step and counts how.
fn end_step<R>(shared: &Shared<R>, step: &Step, result: &Result<bool>) {
    let Shared { offline, metrics: Metrics { replays, .. }, .. } = shared;
    match result {
        Ok(true) => {
            match step.replay {
                Replay::Remove { has_expired: true, .. } => replays.count_expired(),
                _ => replays.count_done(),
            }
            offline.ended(step, &StepResult::Executed);
        }
        Err(error) if error.is_refused_for_now() || error.is_outage() && !error.may_be_executed() => {
            offline.ended(step, &StepResult::NotExecuted);
        }
        // Sent again, it could count twice.
        Err(error) if error.is_outage() && matches!(step.replay, Replay::Add { .. }) => {
            replays.count_uncertain();
            offline.ended(step, &StepResult::Executed);
        }
        Err(error) if error.is_outage() => {
            offline.ended(step, &StepResult::Lost);
        }
        Ok(false) | Err(_) => {
            if offline.ended(step, &StepResult::GivenUp) {
                replays.count_conflict();
            }
        }
    }
}

/// The pause before writes that Redis refuses for now are sent again.
pub(super) fn pause_after_refusal(previous: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(15);
    (previous * 2).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shrinks_with_each_timeout_and_grows_back() {
        let mut count = StepCount::new();

        let shrunk: Vec<usize> = (0..5)
            .map(|_| {
                count.timed_out();
                count.steps()
            })
            .collect();
        assert_eq!(shrunk, [64, 32, 16, FEWEST_STEPS, FEWEST_STEPS]);

        for _ in 0..20 {
            count.succeeded();
        }
        assert_eq!(count.steps(), MOST_STEPS);
    }
}
