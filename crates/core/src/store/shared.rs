//! What a fallback store, its clones and its prober share.

use std::sync::atomic::AtomicBool;

use super::MemoryStore;
use super::circuit_breaker::CircuitBreaker;
use super::metrics::Metrics;
use super::offline::OfflineStore;
use crate::config::OnOutage;
use crate::log::Log;

pub(super) struct Shared<R> {
    pub(super) remote: Option<R>,
    pub(super) offline: OfflineStore,
    /// What limits count in an outage.
    pub(super) limits: MemoryStore,
    pub(super) breaker: CircuitBreaker,
    pub(super) metrics: Metrics,
    pub(super) on_outage: OnOutage,
    pub(super) log: Log,
    /// Whether the log says that a wrong setting has calls refused.
    pub(super) is_wrong_setting_logged: AtomicBool,
}

impl<R> Drop for Shared<R> {
    fn drop(&mut self) {
        // Wakes the prober, which finds that there is nothing left to probe, and ends.
        self.breaker.work.notify_one();
    }
}
