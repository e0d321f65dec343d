//! The primitives that all caches stand on.
//!
//! [`MemoryStore`] and [`UpstashStore`] implement them with the same observable results: `tests/store_contract.rs` runs
//! one suite over both, `tests/stores_agree.rs` drives random sequences through both. [`FallbackStore`] chooses between them.

mod circuit_breaker;
mod fallback;
mod memory;
mod metrics;
mod offline;
mod pending_write;
mod prober;
mod replay;
mod stale;
mod upstash;

use std::future::Future;
use std::time::Duration;

use crate::Result;
use crate::keys::{Expiry, Key, Ttl};

pub use circuit_breaker::{BreakerChange, CircuitBreaker, LastError, State};
pub use fallback::FallbackStore;
pub use memory::MemoryStore;
pub use metrics::{Class, Metrics, Outcome, Replays};
pub use prober::Prober;
pub use replay::Replay;
pub use upstash::UpstashStore;

/// How a conditional change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// The value was the expected one and has been replaced.
    Done,
    /// There is no such key; nothing was changed.
    Absent,
    /// The value is this one instead; nothing was changed.
    Changed(String),
}

/// One write of an atomic group.
#[derive(Debug, Clone)]
pub enum Write {
    /// Stores a value.
    Set {
        /// The key.
        key: Key,
        /// Its new value.
        value: String,
        /// When it ends.
        expiry: Expiry,
    },
    /// Removes a key if it is there.
    Delete {
        /// The key.
        key: Key,
    },
}

/// String keys with TTLs. An expired key is absent in every respect.
///
/// # Errors
///
/// Every call can fail with an outage ([`Error::is_outage`](crate::Error::is_outage)) or because Redis refuses it
/// ([`Error::is_refused`](crate::Error::is_refused)); memory can be full ([`Error::is_full`](crate::Error::is_full)).
/// A call that fails has not changed anything in memory; whether it has in Redis is unknown after an outage.
pub trait Store: Send + Sync + 'static {
    /// The value of `key`.
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<String>>> + Send;

    /// The values of `keys`, in their order.
    fn get_many(&self, keys: &[Key]) -> impl Future<Output = Result<Vec<Option<String>>>> + Send;

    /// Stores `value`, with a new TTL or none.
    fn set(&self, key: &Key, value: &str, expiry: Expiry) -> impl Future<Output = Result<()>> + Send;

    /// Stores `value` unless the key exists; tells whether it did.
    fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> impl Future<Output = Result<bool>> + Send;

    /// Removes `keys`; tells how many of them existed.
    fn delete(&self, keys: &[Key]) -> impl Future<Output = Result<u64>> + Send;

    /// Whether `key` is there.
    fn exists(&self, key: &Key) -> impl Future<Output = Result<bool>> + Send;

    /// Adds `by` to a decimal 64-bit integer, which starts at 0, and returns the sum. The TTL stays.
    fn increment(&self, key: &Key, by: i64) -> impl Future<Output = Result<i64>> + Send;

    /// Gives `key` a new TTL; `false` when there is no such key.
    fn expire(&self, key: &Key, ttl: Ttl) -> impl Future<Output = Result<bool>> + Send;

    /// Removes `key` and returns what it held.
    fn get_and_delete(&self, key: &Key) -> impl Future<Output = Result<Option<String>>> + Send;

    /// Replaces the value by `new` if it is `expected`, and gives it a new TTL.
    fn compare_and_set(
        &self,
        key: &Key,
        expected: &str,
        new: &str,
        ttl: Ttl,
    ) -> impl Future<Output = Result<Swap>> + Send;

    /// Removes `key` if its value is `expected`; tells whether it did.
    fn compare_and_delete(&self, key: &Key, expected: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Removes an entry whose text is not fit to be read, unless it has changed meanwhile.
    fn remove_corrupt(&self, key: &Key, text: &str) -> impl Future<Output = Result<()>> + Send {
        async move { self.compare_and_delete(key, text).await.map(drop) }
    }

    /// Makes all writes at once: nobody sees some of them without the others.
    fn apply(&self, writes: &[Write]) -> impl Future<Output = Result<()>> + Send;
}

/// A store that can go away and come back.
pub trait RemoteStore: Store {
    /// Asks for a sign of life, for at most this long.
    fn ping(&self, timeout: Duration) -> impl Future<Output = Result<()>> + Send;

    /// Brings `key` up to date after an outage; `false` when somebody else holds what was claimed.
    fn replay(&self, key: &Key, replay: &Replay) -> impl Future<Output = Result<bool>> + Send;
}
