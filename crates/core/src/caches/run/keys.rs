//! The keys of a run and of a lock.

use crate::Result;
use crate::keys::{FENCE, IDEMPOTENCY, IDEMPOTENCY_RUN, Key, LOCK, LOCK_FENCE};

/// The keys of a run: its own, that of a result which was stored without one, and that of its number.
pub struct RunKeys {
    pub(super) run: Key,
    pub(super) result: Key,
    pub(super) fence: Key,
}

impl RunKeys {
    /// The keys for the caller's key `name`. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `name` is empty or too long.
    pub fn new(argument: &str, name: &str) -> Result<Self> {
        Ok(Self {
            run: IDEMPOTENCY_RUN.key(argument, name)?,
            result: IDEMPOTENCY.key(argument, name)?,
            fence: FENCE.key(argument, name)?,
        })
    }
}

/// The keys of a lock: its own, and that of its number.
pub struct LockKeys {
    pub(super) lock: Key,
    pub(super) fence: Key,
}

impl LockKeys {
    /// The keys for the lock `name`. `argument` names it in the error.
    ///
    /// # Errors
    ///
    /// When `name` is empty or too long.
    pub fn new(argument: &str, name: &str) -> Result<Self> {
        Ok(Self { lock: LOCK.key(argument, name)?, fence: LOCK_FENCE.key(argument, name)? })
    }
}
