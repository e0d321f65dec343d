//! The way back: one probe at a time, and then the replay.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RemoteStore;
use super::fallback::Shared;
use super::replay::replay_all;

const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A pause grows with the outage, to this part of it: so what the probes add to an outage is a small part of it, too.
const PART_OF_OUTAGE: u32 = 6;

/// Finds out when the database is back, and tells it what it has missed. Ends when its store is gone.
pub struct Prober<R> {
    shared: Weak<Shared<R>>,
    work: Arc<Notify>,
}

impl<R: RemoteStore> Prober<R> {
    pub(super) fn new(shared: &Arc<Shared<R>>) -> Self {
        Self { shared: Arc::downgrade(shared), work: Arc::clone(&shared.breaker.work) }
    }

    /// Waits for outages and sees to their end.
    pub async fn run(self) {
        while self.shared.strong_count() > 0 {
            if self.recover().await.is_none() {
                return;
            }
            self.work.notified().await;
        }
    }

    /// Probes until the database answers, and replays. `None` when the store is gone.
    async fn recover(&self) -> Option<()> {
        let mut outage = Outage::new();
        loop {
            let shared = self.shared.upgrade()?;
            let remote = shared.remote.as_ref()?;
            if shared.breaker.is_available() {
                let Err(error) = replay_all(&shared, remote).await else { return Some(()) };
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

    /// Asks for a sign of life, unless a few failures in a row have not come to an outage.
    async fn probe(&self, outage: &mut Outage) -> Option<()> {
        let shared = self.shared.upgrade()?;
        if shared.breaker.is_available() {
            return Some(());
        }
        shared.breaker.probing();
        match shared.remote.as_ref()?.ping(outage.timeout()).await {
            Err(error) if error.is_outage() => shared.breaker.probe_failed(&error),
            Err(error) if error.is_abandoned() => return None,
            // A refusal comes from Redis.
            Ok(()) | Err(_) => {
                shared.breaker.recovered();
                *outage = Outage::new();
            }
        }
        Some(())
    }
}

/// How long the present outage has lasted, and so how long to wait.
struct Outage {
    start: Instant,
}

impl Outage {
    fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// Random, so that many instances do not ask at the same moment.
    fn pause(&self, retry_after: Option<Duration>) -> Duration {
        let longest = (self.start.elapsed() / PART_OF_OUTAGE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0).max(SHORTEST_PAUSE).max(retry_after.unwrap_or_default())
    }

    /// How long a probe may take: more as the outage lasts, for a connection that is slow to come about.
    fn timeout(&self) -> Duration {
        (self.start.elapsed() / PART_OF_OUTAGE).clamp(2 * SHORTEST_PAUSE, LONGEST_PAUSE)
    }
}
