//! Attempts by key, as the TypeScript module that redlatch replaces keeps them: a JSON array of Unix milliseconds, so that
//! old and new instances count together.
//!
//! An attempt is appended by compare-and-set, so that none is lost. Those that are made in this process while another one
//! of their key is on its way are appended together, after it.

mod batches;

use std::sync::Arc;
use std::time::Duration;

use self::batches::{Batches, Joined};
use super::last_seen::LastSeen;
use super::read;
use crate::Result;
use crate::clock::{Clock, UnixMillis};
use crate::config::Policy;
use crate::json::to_json;
use crate::keys::{Key, RATE_LIMIT, Ttl};
use crate::store::{ClaimOrRead, Store, Swap, Timed};

/// How long the attempts are kept beyond their window.
const SLACK: Duration = Duration::from_secs(60);
/// The maximum bytes of all texts last seen.
const LAST_SEEN_BYTES: u64 = 1024 * 1024;

/// Counts attempts.
pub struct Attempts<S> {
    store: Arc<S>,
    clock: Clock,
    last_seen: LastSeen,
    batches: Batches,
}

/// The attempts of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many there are.
    pub attempts: u64,
    /// When the oldest of them leaves the window; the end of one that begins now, if there is none.
    pub reset: UnixMillis,
    /// Whether everything is denied, because it is an outage and the policy says so.
    pub is_denied: bool,
}

impl Window {
    /// `{ allowed, remaining, resetTime, totalHits }`, where `most` attempts are allowed.
    #[must_use]
    pub fn check_json(self, most: u64) -> String {
        let Self { attempts, reset, .. } = self;
        let remaining = self.remaining(most);
        let allowed = remaining > 0;
        format!(
            r#"{{"allowed":{allowed},"remaining":{remaining},"resetTime":{reset},"totalHits":{attempts}}}"#
        )
    }

    fn remaining(self, most: u64) -> u64 {
        if self.is_denied { 0 } else { most.saturating_sub(self.attempts) }
    }

    /// `{ attempts, remaining, resetTime, blocked }`, where `most` attempts are allowed.
    #[must_use]
    pub fn status_json(self, most: u64) -> String {
        let Self { attempts, reset, .. } = self;
        let remaining = self.remaining(most);
        let blocked = remaining == 0;
        format!(
            r#"{{"attempts":{attempts},"remaining":{remaining},"resetTime":{reset},"blocked":{blocked}}}"#
        )
    }
}

/// Methods have the errors of [`Store`]. Keys come from [`RATE_LIMIT`], which has the default of windows.
impl<S: Store> Attempts<S> {
    /// Attempts on `store`. `clock` gives their times.
    #[must_use]
    pub fn new(store: Arc<S>, clock: Clock) -> Self {
        Self { store, clock, last_seen: LastSeen::new(LAST_SEEN_BYTES), batches: Batches::default() }
    }

    /// The attempts within `window`, by default five minutes.
    pub async fn count(&self, key: &Key, window: Option<Ttl>) -> Result<Window> {
        let text = match read(&*self.store, key, |text| parse(text).is_some()).await {
            Err(error) if error.is_no_fallback() => return Ok(self.in_outage(window)),
            text => text?,
        };
        if let Some(text) = &text {
            self.last_seen.remember(key, text);
        }
        let (now, length) = (self.clock.now(), RATE_LIMIT.ttl_or_default(window).as_millis());
        let times = text.as_deref().and_then(parse).unwrap_or_default();
        let within: Vec<UnixMillis> =
            times.into_iter().filter(|time| is_within(*time, now, length)).collect();
        let oldest = within.iter().copied().min().unwrap_or(now);
        let reset = oldest.saturating_add(length);
        Ok(Window { attempts: within.len() as u64, reset, is_denied: false })
    }

    /// What counts in an outage whose policy is not memory: nothing.
    fn in_outage(&self, window: Option<Ttl>) -> Window {
        let reset = self.clock.now().saturating_add(RATE_LIMIT.ttl_or_default(window).as_millis());
        Window { attempts: 0, reset, is_denied: self.store.outage_policy() == Policy::Deny }
    }

    /// Adds an attempt that is made now.
    pub async fn record(&self, key: &Key, window: Option<Ttl>) -> Result<()> {
        match self.record_now(key, window).await {
            // Nothing is counted in an outage, by the policy.
            Err(error) if error.is_no_fallback() => Ok(()),
            recorded => recorded,
        }
    }

    async fn record_now(&self, key: &Key, window: Option<Ttl>) -> Result<()> {
        let window = RATE_LIMIT.ttl_or_default(window);
        let now = self.clock.now();
        let call = Timed::begin(&*self.store);
        let Some(deadline) = call.deadline() else {
            // Memory is never waited for.
            return self.append(&call, key, &[now], window).await;
        };
        match self.batches.join((key.clone(), window), now, deadline).await? {
            Joined::Ended(outcome) => outcome,
            Joined::First(batch) => {
                let outcome = self.append(&call, key, &batch.times(), window).await;
                batch.end(outcome.clone());
                outcome
            }
        }
    }

    /// Removes all attempts.
    pub async fn reset(&self, key: &Key) -> Result<()> {
        self.last_seen.forget(key);
        self.store.delete(std::slice::from_ref(key)).await.map(drop)
    }

    /// One request, if the process has seen the text or there is none; one more for each concurrent change elsewhere.
    async fn append(&self, store: &Timed<'_, S>, key: &Key, times: &[UnixMillis], window: Ttl) -> Result<()> {
        let ttl = Ttl::from_duration(Duration::from_millis(window.as_millis()) + SLACK);
        let mut expected = self.last_seen.get(key);
        loop {
            let held = match expected {
                None => {
                    let text = to_json(&times);
                    match store.claim_or_read(key, &text, ttl, &[]).await? {
                        ClaimOrRead { held: None, .. } => {
                            self.last_seen.remember(key, &text);
                            return Ok(());
                        }
                        ClaimOrRead { held: Some(held), .. } => Some(held),
                    }
                }
                Some(text) => {
                    let now = self.clock.now();
                    let kept = parse(&text).unwrap_or_default();
                    let kept = kept.into_iter().filter(|time| is_within(*time, now, window.as_millis()));
                    let appended = to_json(&kept.chain(times.iter().copied()).collect::<Vec<_>>());
                    match store.compare_and_set(key, &text, &appended, Some(ttl)).await? {
                        Swap::Done => {
                            self.last_seen.remember(key, &appended);
                            return Ok(());
                        }
                        Swap::Absent => None,
                        // The stored text has bytes that are not UTF-8. No compare-and-set can match them.
                        Swap::Changed(held) if *held == *text => {
                            store.delete(std::slice::from_ref(key)).await?;
                            None
                        }
                        Swap::Changed(held) => Some(held),
                    }
                }
            };
            expected = held.map(Into::into);
        }
    }
}

/// `None` if the text is corrupt.
fn parse(text: &str) -> Option<Vec<UnixMillis>> {
    serde_json::from_str(text).ok()
}

fn is_within(time: UnixMillis, now: UnixMillis, window_millis: u64) -> bool {
    time > now.saturating_sub(window_millis)
}

#[cfg(test)]
mod tests;
