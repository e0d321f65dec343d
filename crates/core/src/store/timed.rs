//! One deadline for a call, however many operations it takes.

use std::time::Duration;

use tokio::time::Instant;

use super::{Operation, Output, Store};
use crate::{Error, Result};

/// A store for one call: its operations share the deadline of the first.
pub struct Timed<'a, S> {
    store: &'a S,
    deadline: Option<Instant>,
}

impl<'a, S: Store> Timed<'a, S> {
    /// Begins a call of `store`.
    pub fn begin(store: &'a S) -> Self {
        Self { store, deadline: store.deadline() }
    }

    /// Goes on with a call of `store` that has begun so long ago.
    pub fn begun(store: &'a S, ago: Duration) -> Self {
        let deadline = |end: Instant| end.checked_sub(ago).unwrap_or_else(Instant::now);
        Self { store, deadline: store.deadline().map(deadline) }
    }

    /// The same call on another store.
    pub fn on<'b>(&self, store: &'b S) -> Timed<'b, S> {
        Timed { store, deadline: self.deadline }
    }
}

impl<S: Store> Store for Timed<'_, S> {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        match self.deadline {
            Some(deadline) => self.store.execute_by(operation, deadline).await,
            None => self.store.execute(operation).await,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn removed_corrupt(&self) {
        self.store.removed_corrupt();
    }

    fn was_overtaken(&self) {
        self.store.was_overtaken();
    }

    fn missed_in_list(&self, reason: &Error) {
        self.store.missed_in_list(reason);
    }
}
