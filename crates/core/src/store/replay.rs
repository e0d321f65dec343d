//! The replay: pending writes go to Redis once it is available again.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::RemoteStore;
use super::metrics::Metrics;
use super::offline::StepResult;
use super::pending_write::Step;
use super::shared::Shared;
use crate::{Error, Result};

/// The most steps in one request, and the fewest.
const MOST_STEPS: usize = 128;
const FEWEST_STEPS: usize = 1;
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

    /// Follows the error of a request.
    pub(super) fn failed(&mut self, error: &Error) {
        if error.is_timeout() {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
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
                count.failed(&error);
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
            // What fails stays pending.
            let _ = replay_all(shared, remote, &mut count).await;
            if shared.offline.pending() > 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
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
    let mut steps = InFlight { shared, steps: steps.into() };
    let sent = steps.steps.iter().map(|step| remote.replay(&step.key, &step.replay, deadline));
    let results = join_all(sent).await;
    let mut outage = None;
    let mut left = Left::Nothing;
    for (index, result) in results.into_iter().enumerate() {
        steps.end_first(&result);
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

/// Steps on their way to Redis. Those that have not ended when it is dropped, as in a panic, count as lost: their keys
/// must not wait for ever.
struct InFlight<'a, R> {
    shared: &'a Shared<R>,
    steps: VecDeque<Step>,
}

impl<R> InFlight<'_, R> {
    fn end_first(&mut self, result: &Result<bool>) {
        if let Some(step) = self.steps.pop_front() {
            end_step(self.shared, &step, result);
        }
    }
}

impl<R> Drop for InFlight<'_, R> {
    fn drop(&mut self) {
        while !self.steps.is_empty() {
            self.end_first(&Err(Error::abandoned()));
        }
    }
}

/// Ends a step and counts how.
fn end_step<R>(shared: &Shared<R>, step: &Step, result: &Result<bool>) {
    let Shared { offline, metrics: Metrics { replays, .. }, .. } = shared;
    match result {
        Ok(true) => {
            if step.replay.is_of_expired() {
                replays.count_expired();
            } else {
                replays.count_done();
            }
            offline.ended(step, &StepResult::Executed);
        }
        Err(error)
            if error.is_refused_for_now() || error.is_outage() && error.is_certainly_not_executed() =>
        {
            offline.ended(step, &StepResult::NotExecuted);
        }
        // Sent again, it could count twice.
        Err(error) if error.is_outage() && step.replay.is_addition() => {
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

        let shrunk: Vec<usize> = (0..8)
            .map(|_| {
                count.failed(&Error::timeout());
                count.steps()
            })
            .collect();
        assert_eq!(shrunk, [64, 32, 16, 8, 4, 2, 1, FEWEST_STEPS]);

        for _ in 0..20 {
            count.succeeded();
        }
        assert_eq!(count.steps(), MOST_STEPS);
    }
}
