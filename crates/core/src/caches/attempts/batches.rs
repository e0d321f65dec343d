//! Attempts that are appended together: one batch of a key is on its way, and the next one gathers meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::SetOnce;
use tokio::time::{Instant, timeout_at};

use crate::clock::UnixMillis;
use crate::keys::{Key, Ttl};
use crate::{Error, Result};

/// The key and the window.
type Name = (Key, Ttl);
type Lines = Mutex<HashMap<Name, Line>>;

#[derive(Default)]
pub(super) struct Batches(Lines);

/// The batches of a key.
struct Line {
    on_its_way: Arc<Batch>,
    gathering: Option<Arc<Batch>>,
}

#[derive(Default)]
struct Batch {
    times: Mutex<Vec<UnixMillis>>,
    outcome: SetOnce<Result<()>>,
}

/// How a call takes part in a batch.
pub(super) enum Joined<'a> {
    /// It has to append the batch.
    First(OwnBatch<'a>),
    /// Another has.
    Ended(Result<()>),
}

/// The part of the first call of a batch, which appends it. Dropped before its end, the batch is lost, and the next one
/// goes on.
pub(super) struct OwnBatch<'a> {
    lines: &'a Lines,
    name: Name,
    batch: Arc<Batch>,
    outcome: Option<Result<()>>,
}

impl Batches {
    /// Adds an attempt at `time`, and waits until its batch is over or can be appended.
    ///
    /// # Errors
    ///
    /// When the deadline passes before.
    pub(super) async fn join(&self, name: Name, time: UnixMillis, deadline: Instant) -> Result<Joined<'_>> {
        let (batch, before, is_first) = self.add(&name, time);
        let own =
            is_first.then(|| OwnBatch { lines: &self.0, name, batch: Arc::clone(&batch), outcome: None });
        let awaited = if is_first { before } else { Some(batch) };
        let mut outcome = Ok(());
        if let Some(awaited) = awaited {
            let ended = timeout_at(deadline, awaited.outcome.wait()).await;
            outcome = ended.map_err(|_| Error::out_of_time())?.clone();
        }
        Ok(own.map_or(Joined::Ended(outcome), Joined::First))
    }

    /// The batch that gets the attempt, the one before it, and whether the attempt is the first in it.
    fn add(&self, name: &Name, time: UnixMillis) -> (Arc<Batch>, Option<Arc<Batch>>, bool) {
        let mut lines = self.0.lock();
        let Some(line) = lines.get_mut(name) else {
            let batch = Arc::<Batch>::default();
            batch.times.lock().push(time);
            lines.insert(name.clone(), Line { on_its_way: Arc::clone(&batch), gathering: None });
            return (batch, None, true);
        };
        let is_first = line.gathering.is_none();
        let batch = Arc::clone(line.gathering.get_or_insert_default());
        batch.times.lock().push(time);
        (batch, Some(Arc::clone(&line.on_its_way)), is_first)
    }
}

impl OwnBatch<'_> {
    /// The attempts.
    pub(super) fn times(&self) -> Vec<UnixMillis> {
        self.batch.times.lock().clone()
    }

    /// Tells the other calls of the batch how it has ended.
    pub(super) fn end(mut self, outcome: Result<()>) {
        self.outcome = Some(outcome);
    }

    /// Lets the next batch go, to which nothing is added from now on.
    fn leave(&self) {
        let mut lines = self.lines.lock();
        let Some(line) = lines.get_mut(&self.name) else { return };
        if !Arc::ptr_eq(&line.on_its_way, &self.batch) {
            line.gathering = None;
        } else if let Some(next) = line.gathering.take() {
            line.on_its_way = next;
        } else {
            lines.remove(&self.name);
        }
    }
}

impl Drop for OwnBatch<'_> {
    fn drop(&mut self) {
        self.leave();
        let outcome = self.outcome.take().unwrap_or_else(|| Err(Error::abandoned()));
        self.batch.outcome.set(outcome).ok();
    }
}
