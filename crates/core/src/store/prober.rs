//! The prober: finds out that Redis is available again, one PING at a time, and then starts the replay.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RemoteStore;
use super::replay::replay_all;
use super::shared::Shared;

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
    pub async fn run(self) {
        while self.shared.strong_count() > 0 {
            if self.recover().await.is_none() {
                return;
            }
            self.work.notified().await;
        }
    }

    /// Probes until Redis answers, then replays. `None` when the store is gone.
    async fn recover(&self) -> Option<()> {
        let mut outage = Outage::new();
        loop {
            let shared = self.shared.upgrade()?;
            let remote = shared.remote.as_ref()?;
            if shared.breaker.is_available() {
                let Err(error) = replay_all(&shared.offline, remote, &shared.metrics.replays).await else {
                    return Some(());
                };
                if error.is_abandoned() {
                    return None;
                }
                shared.breaker.failed(&error);
            }
            let retry_after = shared.breaker.last_error().and_then(|last| last.error.retry_after());
            drop(shared);
            tokio::time::sleep(outage.pause(retry_after)).await;
            self.probe(&mut outage).await?;
        }
    }

    /// Sends PING, unless the failures so far have not opened the circuit breaker.
    async fn probe(&self, outage: &mut Outage) -> Option<()> {
        let shared = self.shared.upgrade()?;
        if shared.breaker.is_available() {
            return Some(());
        }
        shared.breaker.probing();
        match shared.remote.as_ref()?.ping(outage.timeout()).await {
            Err(error) if error.is_outage() => shared.breaker.probe_failed(&error),
            Err(error) if error.is_abandoned() => return None,
            // A refusal comes from Redis, so it is there.
            Ok(()) | Err(_) => {
                shared.breaker.recovered();
                *outage = Outage::new();
            }
        }
        Some(())
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
        longest.mul_f64(0.5 + fastrand::f64() / 2.0).max(SHORTEST_PAUSE).max(retry_after.unwrap_or_default())
    }

    /// The timeout of a probe. It grows with the outage, for a connection that is slow to open.
    fn timeout(&self) -> Duration {
        (self.start.elapsed() / PART_OF_OUTAGE).clamp(2 * SHORTEST_PAUSE, LONGEST_PAUSE)
    }
}
