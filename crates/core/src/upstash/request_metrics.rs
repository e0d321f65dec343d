//! How the requests fare, for metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

/// Latencies above this, a minute, count as this.
const LONGEST_MICROS: u64 = 60_000_000;

/// Counts requests and measures how long their answers take.
pub struct RequestMetrics {
    /// In microseconds.
    latencies: Mutex<Histogram<u64>>,
    retries: AtomicU64,
}

/// How long answered requests took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// The number of answered requests.
    pub count: u64,
    /// Half of the answers came within this time.
    pub p50: Duration,
    /// 90 % of the answers came within this time.
    pub p90: Duration,
    /// 99 % of the answers came within this time.
    pub p99: Duration,
    /// The slowest answer.
    pub max: Duration,
}

impl RequestMetrics {
    pub(super) fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants, and they are right")]
        let latencies = Histogram::new_with_bounds(1, LONGEST_MICROS, 2).expect("bounds");
        Self { latencies: Mutex::new(latencies), retries: AtomicU64::new(0) }
    }

    pub(super) fn answered(&self, after: Duration) {
        self.latencies.lock().saturating_record(u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    /// The requests that were sent again.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.retries.load(Relaxed)
    }

    /// How long answered requests took, from handing over to the last byte; all zero before the first.
    #[must_use]
    pub fn latency(&self) -> Latency {
        let latencies = self.latencies.lock();
        let at = |quantile| Duration::from_micros(latencies.value_at_quantile(quantile));
        Latency {
            count: latencies.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: Duration::from_micros(latencies.max()),
        }
    }
}
