//! Claims of one key in this process, one after the other.
//!
//! A claim whose reply was lost is told from another's by its text. Two claims with the same text, as of a double click
//! within a millisecond, could both take the one entry for theirs.

use std::collections::HashSet;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::keys::Key;
use crate::{Error, Result};

#[derive(Default)]
pub(super) struct ClaimTurns {
    claimed: Mutex<HashSet<Key>>,
    ended: Notify,
}

/// The turn of one claim, until it is dropped.
pub(super) struct Turn<'a> {
    turns: &'a ClaimTurns,
    key: &'a Key,
}

impl ClaimTurns {
    /// Waits until no other claim of `key` is under way.
    ///
    /// # Errors
    ///
    /// When the deadline passes before.
    pub(super) async fn turn<'a>(&'a self, key: &'a Key, deadline: Instant) -> Result<Turn<'a>> {
        loop {
            let ended = self.ended.notified();
            if self.claimed.lock().insert(key.clone()) {
                return Ok(Turn { turns: self, key });
            }
            timeout_at(deadline, ended).await.map_err(|_| Error::not_sent(&Error::out_of_time()))?;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.claimed.lock().remove(self.key);
        self.turns.ended.notify_waiters();
    }
}
