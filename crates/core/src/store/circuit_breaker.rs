//! Whether the database can be used: available, degraded, probing.
//!
//! A refused connection, an unknown host or a rejected token is proof at once; a timeout, a failing answer or a lost
//! connection only when several requests in a row end so. From then on no call goes to the database, and only a probe
//! finds out that it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Error;
use crate::clock::{Clock, UnixMillis};
use crate::log::{Log, LogMessage};

/// This many inconclusive failures in a row degrade.
const FAILURES: u32 = 3;

/// What is known of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go to it.
    Available,
    /// Calls are answered locally.
    Degraded,
    /// Calls are answered locally, and a probe is under way.
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
    /// What it was.
    pub from: BreakerState,
    /// What it is.
    pub to: BreakerState,
    /// Why, for a person.
    pub reason: String,
    /// When.
    pub at: UnixMillis,
}

/// Why the database could not be used.
#[derive(Debug, Clone)]
pub struct LastError {
    /// The error.
    pub error: Error,
    /// When it came.
    pub at: UnixMillis,
}

type Listener = Arc<dyn Fn(&BreakerChange) + Send + Sync>;

/// The state of the database and who wants to know.
pub struct CircuitBreaker {
    is_available: AtomicBool,
    failures: AtomicU32,
    record: Mutex<Record>,
    listeners: Mutex<Vec<(u64, Listener)>>,
    /// Wakes the recovery.
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

    /// Whether calls go to the database.
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

    /// Has `listener` told of every change from now on; it takes the place of the log. Returns what
    /// [`CircuitBreaker::unsubscribe`] wants.
    pub fn subscribe(&self, listener: impl Fn(&BreakerChange) + Send + Sync + 'static) -> u64 {
        let mut listeners = self.listeners.lock();
        let id = listeners.last().map_or(0, |(id, _)| id + 1);
        listeners.push((id, Arc::new(listener)));
        id
    }

    /// Tells a listener no more.
    pub fn unsubscribe(&self, id: u64) {
        self.listeners.lock().retain(|(other, _)| *other != id);
    }

    /// A call has had an answer.
    pub(super) fn reached(&self) {
        if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// A call has ended with an outage. Calls that shared one request count once.
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
            if !error.opens_breaker() && self.failures.load(Relaxed) < FAILURES {
                return;
            }
            self.change(&mut record, BreakerState::Degraded, error.to_string())
        };
        self.tell(&change);
        self.work.notify_one();
    }

    pub(super) fn probing(&self) {
        let change =
            self.change(&mut self.record.lock(), BreakerState::Probing, "a probe is under way".into());
        self.tell(&change);
    }

    pub(super) fn probe_failed(&self, error: &Error) {
        let change = {
            let mut record = self.record.lock();
            record.last_error = Some(LastError { error: error.clone(), at: self.clock.now() });
            self.change(&mut record, BreakerState::Degraded, error.to_string())
        };
        self.tell(&change);
    }

    pub(super) fn recovered(&self) {
        let change = self.change(&mut self.record.lock(), BreakerState::Available, "redis answers".into());
        self.tell(&change);
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

    fn tell(&self, change: &BreakerChange) {
        let listeners = self.listeners.lock().clone();
        if listeners.is_empty() {
            match (change.from, change.to) {
                (BreakerState::Available, _) => self.log.push(LogMessage::Warn(format!(
                    "Redis is not available ({}); this process's memory takes over until it is.",
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
