//! The circuit breaker of Redis: closed is called available, open is degraded, half-open is probing.
//!
//! A refused connection, an unknown host or a rejected token opens it at once. A timeout, a failing response or a lost
//! connection opens it when several requests in a row end so. While it is open, no call goes to Redis, and only a
//! successful probe closes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Error;
use crate::clock::{Clock, UnixMillis};
use crate::config::DOCTOR;
use crate::log::{Log, LogMessage};

/// This many failures in a row open the breaker, unless one of them does so by itself.
const FAILURE_THRESHOLD: u32 = 3;

/// The state of the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go to Redis.
    Available,
    /// Calls are answered from memory.
    Degraded,
    /// Calls are answered from memory, and a probe is in flight.
    Probing,
}

impl BreakerState {
    /// The state's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Degraded => "degraded",
            Self::Probing => "probing",
        }
    }
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerChange {
    /// The state before.
    pub from: BreakerState,
    /// The state now.
    pub to: BreakerState,
    /// Why, for a person.
    pub reason: String,
    /// When it changed.
    pub at: UnixMillis,
}

/// Why Redis was not available.
#[derive(Debug, Clone)]
pub struct LastError {
    /// The error.
    pub error: Error,
    /// When it happened.
    pub at: UnixMillis,
}

type ChangeListener = Arc<dyn Fn(&BreakerChange) + Send + Sync>;

/// The state, and its listeners.
pub struct CircuitBreaker {
    is_available: AtomicBool,
    failures: AtomicU32,
    record: Mutex<Record>,
    listeners: Mutex<Vec<(u64, ChangeListener)>>,
    /// Wakes the prober.
    pub(super) work: Arc<Notify>,
    log: Log,
    clock: Clock,
}

struct Record {
    state: BreakerState,
    since: UnixMillis,
    last_failure: Option<Error>,
    last_error: Option<LastError>,
}

impl CircuitBreaker {
    pub(super) fn new(clock: Clock, log: Log) -> Self {
        let since = clock.now();
        Self {
            is_available: AtomicBool::new(true),
            failures: AtomicU32::new(0),
            record: Mutex::new(Record {
                state: BreakerState::Available,
                since,
                last_failure: None,
                last_error: None,
            }),
            listeners: Mutex::default(),
            work: Arc::default(),
            log,
            clock,
        }
    }

    /// Whether calls go to Redis.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.is_available.load(Relaxed)
    }

    /// The state, and since when.
    #[must_use]
    pub fn state(&self) -> (BreakerState, UnixMillis) {
        let record = self.record.lock();
        (record.state, record.since)
    }

    /// The latest outage; it stays after the recovery.
    #[must_use]
    pub fn last_error(&self) -> Option<LastError> {
        self.record.lock().last_error.clone()
    }

    /// Calls `listener` for every change from now on, instead of writing to the log. Returns the id for
    /// [`CircuitBreaker::unsubscribe`].
    pub fn subscribe(&self, listener: impl Fn(&BreakerChange) + Send + Sync + 'static) -> u64 {
        let mut listeners = self.listeners.lock();
        let id = listeners.last().map_or(0, |(id, _)| id + 1);
        listeners.push((id, Arc::new(listener)));
        id
    }

    /// Removes a listener.
    pub fn unsubscribe(&self, id: u64) {
        self.listeners.lock().retain(|(other, _)| *other != id);
    }

    /// Records that Redis has replied.
    pub(super) fn reached(&self) {
        if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// Records an outage. Calls that shared one request count once.
    pub(super) fn failed(&self, error: &Error) {
        let change = {
            let mut record = self.record.lock();
            record.last_error = Some(LastError { error: error.clone(), at: self.clock.now() });
            if record.state != BreakerState::Available {
                return;
            }
            if !record.last_failure.as_ref().is_some_and(|last| last.is_same(error)) {
                record.last_failure = Some(error.clone());
                self.failures.fetch_add(1, Relaxed);
            }
            if !error.opens_breaker() && self.failures.load(Relaxed) < FAILURE_THRESHOLD {
                return;
            }
            self.change(&mut record, BreakerState::Degraded, error.to_string())
        };
        self.publish(&change);
        self.work.notify_one();
    }

    pub(super) fn probing(&self) {
        let change =
            self.change(&mut self.record.lock(), BreakerState::Probing, "a probe is in flight".into());
        self.publish(&change);
    }

    pub(super) fn probe_failed(&self, error: &Error) {
        let change = {
            let mut record = self.record.lock();
            record.last_error = Some(LastError { error: error.clone(), at: self.clock.now() });
            self.change(&mut record, BreakerState::Degraded, error.to_string())
        };
        self.publish(&change);
    }

    pub(super) fn recovered(&self) {
        let change = self.change(&mut self.record.lock(), BreakerState::Available, "redis answers".into());
        self.publish(&change);
    }

    fn change(&self, record: &mut Record, to: BreakerState, reason: String) -> BreakerChange {
        let change = BreakerChange { from: record.state, to, reason, at: self.clock.now() };
        record.state = to;
        // Probes do not interrupt an outage.
        if change.from == BreakerState::Available || to == BreakerState::Available {
            record.since = change.at;
        }
        record.last_failure = None;
        self.failures.store(0, Relaxed);
        self.is_available.store(to == BreakerState::Available, Relaxed);
        change
    }

    fn publish(&self, change: &BreakerChange) {
        let listeners = self.listeners.lock().clone();
        if listeners.is_empty() {
            match (change.from, change.to) {
                (BreakerState::Available, _) => self.log.push(LogMessage::Warn(format!(
                    "Redis is not available ({}); this process's memory takes over until it is. {DOCTOR}",
                    change.reason
                ))),
                (_, BreakerState::Available) => {
                    self.log.push(LogMessage::Info("Redis is available again.".into()));
                }
                _ => {}
            }
        }
        for (_, listener) in listeners {
            listener(change);
        }
    }
}
