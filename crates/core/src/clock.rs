//! The two times that the package needs.
//!
//! Entries expire by [`Clock::steady`], which nobody sets: a wall clock that is corrected would end entries early or
//! keep them too long. It goes on while a serverless platform freezes the process or a machine sleeps, as Redis's time
//! does. [`Clock::now`] is the wall-clock time, for timestamps that are shown or stored. Tests inject both.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use boot_time::Instant;

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// Milliseconds since a moment that stays the same for a [`Clock`].
pub type SteadyMillis = u64;

/// A wall clock and a steady one.
#[derive(Clone)]
pub struct Clock {
    wall: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
    steady: Arc<dyn Fn() -> SteadyMillis + Send + Sync>,
    lead: Lead,
}

/// How far a steady clock is ahead of the operating system's. Users' tests move it, so that entries expire without a
/// wait.
#[derive(Debug, Clone, Default)]
pub struct Lead(Arc<AtomicU64>);

impl Lead {
    /// Moves the clock ahead by `time`, in whole milliseconds. It never goes back.
    pub fn extend(&self, time: Duration) {
        let extended = |lead: u64| Some(lead.saturating_add(millis(time)));
        // The closure always returns a value, so that there is no failure.
        let _ = self.0.fetch_update(Relaxed, Relaxed, extended);
    }
}

impl Clock {
    /// The clocks of the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self::system_ahead(Lead::default())
    }

    /// The clocks of the operating system, the steady one ahead by `lead`.
    #[must_use]
    pub fn system_ahead(lead: Lead) -> Self {
        let start = Instant::now();
        let ahead = Arc::clone(&lead.0);
        Self {
            wall: Arc::new(|| millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())),
            steady: Arc::new(move || millis(start.elapsed()).saturating_add(ahead.load(Relaxed))),
            lead,
        }
    }

    /// Clocks that both return the time of `now`.
    pub fn from_fn(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let now = Arc::new(now);
        Self { wall: now.clone(), steady: now, lead: Lead::default() }
    }

    /// This clock with another wall clock.
    #[must_use]
    pub fn with_wall(self, now: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self { wall: Arc::new(now), ..self }
    }

    /// The current wall-clock time.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        (self.wall)()
    }

    /// The wall-clock time for lifetimes that are stored: it is ahead as far as the steady clock is.
    #[must_use]
    pub fn lifetime_now(&self) -> UnixMillis {
        self.now().saturating_add(self.lead.0.load(Relaxed))
    }

    /// The current time by which entries expire.
    #[must_use]
    pub fn steady(&self) -> SteadyMillis {
        (self.steady)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).field("steady", &self.steady()).finish()
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_moves_the_steady_clock_and_no_other() {
        let lead = Lead::default();
        let clock = Clock::system_ahead(lead.clone());
        let (wall, steady) = (clock.now(), clock.steady());

        lead.extend(Duration::from_secs(3600));
        lead.extend(Duration::from_millis(1));

        assert!(clock.steady() >= steady + 3_600_001);
        assert!(clock.now() < wall + 3_600_000);
        lead.extend(Duration::MAX);
        assert_eq!(clock.steady(), u64::MAX);
    }
}
