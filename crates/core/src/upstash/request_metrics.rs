//! Metrics of HTTP requests.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

/// The highest recorded latency, one minute. Longer ones count as this.
const MAX_MICROS: u64 = 60_000_000;

/// Counts requests and retries, and measures latencies.
pub struct RequestMetrics {
    /// In microseconds.
    latencies: Mutex<Histogram<u64>>,
    retries: AtomicU64,
    queued_commands: AtomicUsize,
    requests_in_flight: AtomicUsize,
}

/// The latency of requests that got a response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// The number of responses.
    pub count: u64,
    /// The median.
    pub p50: Duration,
    /// 90 % of the responses came within this time.
    pub p90: Duration,
    /// 99 % of the responses came within this time.
    pub p99: Duration,
    /// The slowest response.
    pub max: Duration,
}

/// A request in flight.
pub(super) struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl RequestMetrics {
    pub(super) fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants, and they are right")]
        let latencies = Histogram::new_with_bounds(1, MAX_MICROS, 2).expect("bounds");
        Self {
            latencies: Mutex::new(latencies),
            retries: AtomicU64::new(0),
            queued_commands: AtomicUsize::new(0),
            requests_in_flight: AtomicUsize::new(0),
        }
    }

    pub(super) fn responded(&self, after: Duration) {
        self.latencies.lock().saturating_record(u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn queued(&self) {
        self.queued_commands.fetch_add(1, Relaxed);
    }

    pub(super) fn taken(&self, commands: usize) {
        self.queued_commands.fetch_sub(commands, Relaxed);
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(super) fn in_flight(&self) -> InFlight<'_> {
        self.requests_in_flight.fetch_add(1, Relaxed);
        InFlight(&self.requests_in_flight)
    }

    /// The commands that wait for their request; a transaction counts as one.
    #[must_use]
    pub fn queued_commands(&self) -> usize {
        self.queued_commands.load(Relaxed)
    }

    /// The requests in flight.
    #[must_use]
    pub fn requests_in_flight(&self) -> usize {
        self.requests_in_flight.load(Relaxed)
    }

    /// The number of retries.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.retries.load(Relaxed)
    }

    /// The latency from the start of a request to the last byte of its response. All zero before the first response.
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
