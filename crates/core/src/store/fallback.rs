//! The choice between the database and memory.
//!
//! Policy: an outage degrades to memory, a caller's mistake and a refusal reject, and only this file turns one into
//! the other. A change of state is told once.
//!
//! What memory took over during an outage is let go as soon as Redis answers again, so that a value or a lock from one
//! outage never shadows, in the next, what Redis has held since.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{MemoryStore, Store, Swap, Write};
use crate::keys::{Expiry, Key, Ttl};
use crate::notice::{Notice, Notices};
use crate::{Error, Result};

/// A store that answers from `R` while it can be reached and from memory while it cannot, or when there is none.
pub struct FallbackStore<R> {
    remote: Option<R>,
    memory: MemoryStore,
    degraded: AtomicBool,
    notices: Notices,
}

impl<R: Store> FallbackStore<R> {
    /// Puts `memory` behind `remote`.
    #[must_use]
    pub fn new(remote: Option<R>, memory: MemoryStore, notices: Notices) -> Self {
        Self { remote, memory, degraded: AtomicBool::new(false), notices }
    }

    /// The database, if one is configured.
    #[must_use]
    pub fn remote(&self) -> Option<&R> {
        self.remote.as_ref()
    }

    /// What this process keeps.
    #[must_use]
    pub fn memory(&self) -> &MemoryStore {
        &self.memory
    }

    /// Whether every call is answered from memory, at once and on the calling thread.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.remote.is_none()
    }

    /// Whether a database is configured and the last call could use it.
    #[must_use]
    pub fn is_remote_available(&self) -> bool {
        self.remote.is_some() && !self.degraded.load(Relaxed)
    }

    /// Takes note of how a call to the database went. `None` means that memory has to answer it.
    pub fn observe<T>(&self, result: Result<T>) -> Option<Result<T>> {
        match result {
            Err(error) if error.is_outage() => {
                self.degrade(&error);
                None
            }
            reached => {
                self.recover();
                Some(reached)
            }
        }
    }

    fn degrade(&self, error: &Error) {
        if !self.degraded.swap(true, Relaxed) {
            self.notices.push(Notice::Warn(format!(
                "Redis is not available ({error}); this process's memory takes over until it is."
            )));
        }
    }

    fn recover(&self) {
        if self.degraded.load(Relaxed) && self.degraded.swap(false, Relaxed) {
            self.memory.clear();
            self.notices.push(Notice::Info("Redis is available again.".into()));
        }
    }
}

/// Asks the database, and memory when there is none or it cannot be used.
macro_rules! either {
    ($self:ident, $call:ident($($argument:expr),*)) => {{
        if let Some(remote) = &$self.remote {
            let result = remote.$call($($argument),*).await;
            if let Some(answer) = $self.observe(result) {
                return answer;
            }
        }
        $self.memory.$call($($argument),*).await
    }};
}

impl<R: Store> Store for FallbackStore<R> {
    async fn get(&self, key: &Key) -> Result<Option<String>> {
        either!(self, get(key))
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<String>>> {
        either!(self, get_many(keys))
    }

    async fn set(&self, key: &Key, value: &str, expiry: Expiry) -> Result<()> {
        either!(self, set(key, value, expiry))
    }

    async fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> Result<bool> {
        either!(self, set_if_absent(key, value, ttl))
    }

    async fn delete(&self, keys: &[Key]) -> Result<u64> {
        either!(self, delete(keys))
    }

    async fn exists(&self, key: &Key) -> Result<bool> {
        either!(self, exists(key))
    }

    async fn increment(&self, key: &Key, by: i64) -> Result<i64> {
        either!(self, increment(key, by))
    }

    async fn expire(&self, key: &Key, ttl: Ttl) -> Result<bool> {
        either!(self, expire(key, ttl))
    }

    async fn get_and_delete(&self, key: &Key) -> Result<Option<String>> {
        either!(self, get_and_delete(key))
    }

    async fn compare_and_set(&self, key: &Key, expected: &str, new: &str, ttl: Ttl) -> Result<Swap> {
        either!(self, compare_and_set(key, expected, new, ttl))
    }

    async fn compare_and_delete(&self, key: &Key, expected: &str) -> Result<bool> {
        either!(self, compare_and_delete(key, expected))
    }

    async fn apply(&self, writes: &[Write]) -> Result<()> {
        either!(self, apply(writes))
    }
}
