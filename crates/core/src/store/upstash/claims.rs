//! Claims of one key with one text that overlap in this process, as of a double click within a millisecond.
//!
//! A claim whose reply was lost is distinguished from another's by its text. Two claims with one text could so both take the
//! entry of one of them for theirs. Therefore a claim without a reply waits for those that may still get one, and they
//! decide one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::keys::Key;
use crate::{Error, Result};

type Name = Arc<(Key, String)>;
type Groups = Mutex<HashMap<Name, Arc<Group>>>;

/// The pending claims.
#[derive(Default)]
pub(super) struct Claims(Groups);

/// The claims of one key with one text.
#[derive(Default)]
struct Group {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    claims: usize,
    /// Those that may still get a reply.
    awaiting: usize,
    is_one_deciding: bool,
    is_granted: bool,
}

/// One claim, until it is dropped.
pub(super) struct Claim<'a> {
    groups: &'a Groups,
    name: Name,
    group: Arc<Group>,
    is_awaiting: bool,
    is_deciding: bool,
}

impl Claims {
    /// Begins a claim. Waits while another one with the same text finds out how it has ended.
    ///
    /// # Errors
    ///
    /// When the deadline passes before.
    pub(super) async fn begin(&self, key: &Key, text: &str, deadline: Instant) -> Result<Claim<'_>> {
        let name = Arc::new((key.clone(), text.to_owned()));
        loop {
            let group = {
                let mut groups = self.0.lock();
                let group = groups.entry(Arc::clone(&name)).or_default();
                let mut state = group.state.lock();
                if !state.is_one_deciding {
                    state.claims += 1;
                    state.awaiting += 1;
                    let group = Arc::clone(group);
                    drop(state);
                    let groups = &self.0;
                    return Ok(Claim { groups, name, group, is_awaiting: true, is_deciding: false });
                }
                drop(state);
                Arc::clone(group)
            };
            group
                .wait_until(deadline, |state| !state.is_one_deciding)
                .await
                .map_err(|error| Error::not_sent(&error))?;
        }
    }
}

impl Group {
    async fn wait_until(&self, deadline: Instant, mut is_so: impl FnMut(&mut State) -> bool) -> Result<()> {
        loop {
            let changed = self.changed.notified();
            if is_so(&mut self.state.lock()) {
                return Ok(());
            }
            timeout_at(deadline, changed).await.map_err(|_| Error::out_of_time())?;
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_waiters();
    }
}

impl Claim<'_> {
    /// Notes that the reply was lost. Returns `false` when another claim has got the entry; otherwise this one may find
    /// out whether it has, and no other does meanwhile.
    ///
    /// # Errors
    ///
    /// When the deadline passes before the others have their replies.
    pub(super) async fn decide(&mut self, deadline: Instant) -> Result<bool> {
        self.stop_awaiting();
        let take_turn = |state: &mut State| {
            let is_free = state.awaiting == 0 && !state.is_one_deciding;
            state.is_one_deciding |= is_free;
            is_free
        };
        self.group.wait_until(deadline, take_turn).await?;
        self.is_deciding = true;
        Ok(!self.group.state.lock().is_granted)
    }

    /// Notes how the claim has ended.
    pub(super) fn end(mut self, is_granted: bool) {
        self.group.state.lock().is_granted |= is_granted;
        self.stop_awaiting();
    }

    fn stop_awaiting(&mut self) {
        if std::mem::take(&mut self.is_awaiting) {
            self.group.change(|state| state.awaiting -= 1);
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.stop_awaiting();
        let mut groups = self.groups.lock();
        self.group.change(|state| {
            state.claims -= 1;
            state.is_one_deciding &= !self.is_deciding;
            if state.claims == 0 {
                groups.remove(&self.name);
            }
        });
    }
}
