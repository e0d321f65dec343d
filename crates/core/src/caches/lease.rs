//! A key that one holder has for a while, renewed while its work lasts. The holder is known by a random owner in the text.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SetOnce;
use tokio::time::{Instant, sleep_until};

use crate::Result;
use crate::keys::{Key, Ttl};
use crate::store::{Store, Swap, Timed};

/// How often a lease is renewed within its time.
const RENEWALS: u32 = 3;

/// A key that is held.
pub struct Lease<S> {
    store: Arc<S>,
    key: Key,
    text: String,
    ttl: Ttl,
    claimed: Instant,
    end: SetOnce<LeaseEnd>,
}

/// How the time of a lease has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseEnd {
    /// Its holder has finished or released it.
    Over,
    /// Another holder has it, or may have it because it was not renewed in time.
    Lost,
    /// The work has lasted too long, and it is not renewed any more.
    TooLong,
}

/// How a holder has finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// What it leaves is stored.
    Stored,
    /// The key holds this instead.
    Overtaken(String),
}

impl<S: Store> Lease<S> {
    /// The lease of a claim that began at `claimed` and stored `text` for `ttl`.
    #[must_use]
    pub fn of(store: Arc<S>, key: Key, text: String, ttl: Ttl, claimed: Instant) -> Self {
        Self { store, key, text, ttl, claimed, end: SetOnce::new() }
    }

    /// The store of the key.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The time since the claim.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.claimed.elapsed()
    }

    /// Waits until the lease has ended.
    pub async fn ended(&self) -> LeaseEnd {
        *self.end.wait().await
    }

    /// Renews the lease until it is over, lost, or `longest` has passed since the claim.
    pub async fn keep(&self, longest: Duration) {
        let time = Duration::from_millis(self.ttl.as_millis());
        let end = self.claimed + longest;
        let mut renewed = self.claimed;
        let mut next = renewed + time / RENEWALS;
        loop {
            // A renewal that has begun is not cut off, because it may have left a pending write.
            tokio::select! {
                biased;
                _ = self.end.wait() => return,
                () = sleep_until(next.min(end)) => {}
            }
            let now = Instant::now();
            if now >= end {
                return self.end_as(LeaseEnd::TooLong);
            }
            match self.renew().await {
                Ok(true) => {
                    renewed = now;
                    next = now + time / RENEWALS;
                }
                // Without Redis and memory, it lives as long as it was last given.
                Err(_) if Instant::now() < renewed + time => next = Instant::now() + time / (4 * RENEWALS),
                Ok(false) | Err(_) => return self.end_as(LeaseEnd::Lost),
            }
        }
    }

    /// Watches the time of a lease that is not renewed, until it is over or `longest` has passed since the claim.
    pub async fn wait(&self, longest: Duration) {
        tokio::select! {
            biased;
            _ = self.end.wait() => {}
            () = sleep_until(self.claimed + longest) => self.end_as(LeaseEnd::TooLong),
        }
    }

    /// The first end counts.
    fn end_as(&self, end: LeaseEnd) {
        self.end.set(end).ok();
    }

    /// One more time for the lease, also if it has ended and nobody has taken the key.
    async fn renew(&self) -> Result<bool> {
        let store = Timed::begin(&*self.store);
        match store.compare_and_set(&self.key, &self.text, &self.text, Some(self.ttl)).await? {
            Swap::Done => Ok(true),
            Swap::Absent => store.set_if_absent(&self.key, &self.text, self.ttl).await,
            Swap::Changed(_) => Ok(false),
        }
    }

    /// Stores `outcome` for `ttl` in the place of the lease, also if it has ended and nobody has taken the key.
    ///
    /// # Errors
    ///
    /// Those of [`Store`]. The lease is over in any case.
    pub async fn finish(&self, outcome: &str, ttl: Ttl) -> Result<Finish> {
        self.end_as(LeaseEnd::Over);
        let store = Timed::begin(&*self.store);
        loop {
            match store.compare_and_set(&self.key, &self.text, outcome, Some(ttl)).await? {
                Swap::Done => return Ok(Finish::Stored),
                Swap::Changed(other) if other != self.text => return Ok(Finish::Overtaken(other)),
                Swap::Absent if store.set_if_absent(&self.key, outcome, ttl).await? => {
                    return Ok(Finish::Stored);
                }
                // Another has claimed the key just now, and the next look tells who; or a renewal that was on its way has
                // put this lease back.
                Swap::Absent | Swap::Changed(_) => {}
            }
        }
    }

    /// Gives the key up; returns whether it was still held.
    ///
    /// # Errors
    ///
    /// Those of [`Store`]. The lease is over in any case, and ends by itself in Redis.
    pub async fn release(&self) -> Result<bool> {
        self.end_as(LeaseEnd::Over);
        self.store.compare_and_delete(&self.key, &self.text).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::*;
    use crate::clock::Clock;
    use crate::config::MemoryLimits;
    use crate::keys::{Expiry, LOCK};
    use crate::store::{MemoryStore, Operation, Output};

    /// A store on which a renewal is executed between a compare-and-set that finds nothing and the look at what is there.
    struct Renewed {
        memory: MemoryStore,
        is_renewed: AtomicBool,
    }

    impl Store for Renewed {
        async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
            match operation {
                Operation::CompareAndSet { key, expected, ttl: Some(ttl), .. }
                    if !self.is_renewed.swap(true, Relaxed) =>
                {
                    self.memory.set(key, expected, Expiry::After(ttl)).await?;
                    Ok(Output::Swap(Swap::Changed(expected.to_owned())))
                }
                _ => self.memory.execute(operation).await,
            }
        }
    }

    #[tokio::test]
    async fn a_holder_is_not_overtaken_by_its_own_renewal() {
        let memory = MemoryStore::new(MemoryLimits::default(), Clock::system());
        let store = Arc::new(Renewed { memory, is_renewed: AtomicBool::new(false) });
        let key = LOCK.key("name", "l").unwrap();
        let ttl = Ttl::from_whole_seconds(60);
        let lease = Lease::of(Arc::clone(&store), key.clone(), "mine".into(), ttl, Instant::now());

        assert_eq!(lease.finish("outcome", ttl).await.unwrap(), Finish::Stored);
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some("outcome"));
    }
}
