//! The prober: finds out that Redis is available again, one PING at a time, and then starts the replay.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RemoteStore;
use super::replay::{Left, StepCount, pause_after_refusal, replay_all, replay_steps};
use super::shared::Shared;
use crate::log::LogMessage;

const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Probe interval = outage duration / 6, so detection adds at most a sixth.
const PART_OF_OUTAGE: u32 = 6;

/// Probes a remote store during outages and replays the pending writes. Ends when its store is dropped.
pub struct Prober<R> {
    shared: Weak<Shared<R>>,
    work: Arc<Notify>,
}

impl<R: RemoteStore> Prober<R> {
    pub(super) fn new(shared: &Arc<Shared<R>>) -> Self {
        Self { shared: Arc::downgrade(shared), work: Arc::clone(&shared.breaker.work) }
    }

    /// Runs until the store is dropped.
    pub async fn run(&self) {
        while self.recover().await.is_some() {
            self.work.notified().await;
        }
    }

    /// Probes until Redis answers, then replays. `None` when the store is gone.
    async fn recover(&self) -> Option<()> {
        let mut outage = Outage::new();
        let mut count = StepCount::new();
        let mut refusals = Duration::ZERO;
        loop {
            let shared = self.shared.upgrade()?;
            let remote = shared.remote.as_ref()?;
            if shared.breaker.is_available() {
                match replay_all(&shared, remote, &mut count).await {
                    Ok(Left::Nothing) => {
                        log_given_up(&shared);
                        return Some(());
                    }
                    Ok(Left::Refused(_)) => {
                        drop(shared);
                        refusals = pause_after_refusal(refusals);
                        tokio::time::sleep(refusals).await;
                        continue;
                    }
                    Err(error) => shared.breaker.failed(&error),
                }
            }
            let retry_after = shared.breaker.last_error().and_then(|last| last.error.retry_after());
            drop(shared);
            tokio::time::sleep(outage.pause(retry_after)).await;
            self.probe(&mut outage, &mut count).await?;
        }
    }

    /// Sends PING, unless the failures so far have not opened the circuit breaker. Redis is available again when it has
    /// also taken the first pending writes: a replica that is read-only answers PING.
    async fn probe(&self, outage: &mut Outage, count: &mut StepCount) -> Option<()> {
        let shared = self.shared.upgrade()?;
        if shared.breaker.is_available() {
            return Some(());
        }
        shared.breaker.probing();
        let remote = shared.remote.as_ref()?;
        // A refusal comes from Redis, so it is there.
        let answer = remote
            .ping(outage.timeout())
            .await
            .or_else(|error| if error.is_outage() { Err(error) } else { Ok(()) });
        let result = match answer {
            Ok(()) => {
                let steps = shared.offline.steps(0, count.steps());
                replay_steps(&shared, remote, steps, Instant::now() + remote.timeout()).await.map(drop)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            count.failed(&error);
            shared.breaker.probe_failed(&error);
        } else {
            shared.breaker.recovered();
            *outage = Outage::new();
        }
        Some(())
    }
}

/// Logs how many writes were given up since the last time.
fn log_given_up<R>(shared: &Shared<R>) {
    let given_up = shared.metrics.replays.take_unlogged();
    if given_up > 0 {
        shared.log.push(LogMessage::Warn(format!(
            "Writes made while Redis was not available were given up: {given_up}. Another instance has written these \
             keys meanwhile, or Redis refuses the writes for good."
        )));
    }
}

/// When the present outage began, which decides how often to probe.
struct Outage {
    start: Instant,
}

impl Outage {
    fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// The time until the next probe, with jitter, so that many instances do not probe at the same moment.
    fn pause(&self, retry_after: Option<Duration>) -> Duration {
        let longest = (self.start.elapsed() / PART_OF_OUTAGE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        longest
            .mul_f64(0.5 + fastrand::f64() / 2.0)
            .max(SHORTEST_PAUSE)
            .max(retry_after.unwrap_or_default().min(LONGEST_PAUSE))
    }

    /// The timeout of a probe. It grows with the outage, for a connection that is slow to open.
    fn timeout(&self) -> Duration {
        (self.start.elapsed() / PART_OF_OUTAGE).clamp(2 * SHORTEST_PAUSE, LONGEST_PAUSE)
    }
}
