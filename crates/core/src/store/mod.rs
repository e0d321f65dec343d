//! The primitives that all caches stand on.
//!
//! [`MemoryStore`] and [`UpstashStore`] implement them with the same observable results: `tests/store_contract.rs` runs
//! one suite over both, `tests/stores_agree.rs` drives random sequences through both. [`FallbackStore`] chooses between
//! them: `circuit_breaker` says whether Redis is usable, `prober` finds out when it is again, `offline` answers
//! meanwhile, from `pending_write` and `stale` copies, and `replay` sends to Redis what was written.

mod admission;
mod circuit_breaker;
mod fallback;
mod guess;
mod memory;
mod metrics;
mod mutation;
mod offline;
mod operation;
mod pending_write;
mod prober;
mod replay;
mod shared;
mod stale;
mod timed;
mod upstash;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Policy;
use crate::keys::{Expiry, Key, Ttl};
use crate::{Error, Result};

pub use admission::{Admission, Limit, Rule, Seen};
pub use circuit_breaker::{BreakerChange, BreakerState, CircuitBreaker, LastError};
pub use fallback::FallbackStore;
pub use guess::{CodeText, Guess};
pub use memory::MemoryStore;
pub use metrics::{Class, Metrics, Outcome, Replays};
pub use operation::{ClaimOrRead, Operation, Output, Swap, Write};
pub use pending_write::{Expects, Replay};
pub use prober::Prober;
pub use timed::Timed;
pub use upstash::UpstashStore;

/// String keys with TTLs. An expired key is absent in every respect.
///
/// A store implements `execute`; the other methods give each operation its name and its type.
///
/// # Errors
///
/// Every call can fail with an outage ([`Error::is_outage`]) or because Redis refuses it
/// ([`Error::is_refused`](crate::Error::is_refused)); memory can be full ([`Error::is_full`](crate::Error::is_full)).
/// A call that fails has not changed anything in memory; whether it has in Redis is unknown after an outage.
pub trait Store: Send + Sync {
    /// Runs an operation, as the method of the same name describes it.
    fn execute(&self, operation: Operation<'_>) -> impl Future<Output = Result<Output>> + Send;

    /// Runs an operation until `deadline`. Memory answers at once.
    fn execute_by(
        &self,
        operation: Operation<'_>,
        deadline: Instant,
    ) -> impl Future<Output = Result<Output>> + Send {
        let _ = deadline;
        self.execute(operation)
    }

    /// The deadline of a call that begins now; `None` if the store never waits.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// What happens to a call in an outage.
    fn outage_policy(&self) -> Policy {
        Policy::Memory
    }

    /// The same store for what follows a call that was granted: an outage delays it, even where the policy is to reject.
    #[must_use]
    fn accepting(self: Arc<Self>) -> Arc<Self>
    where
        Self: Sized,
    {
        self
    }

    /// Notes that an entry was corrupt and has been removed.
    fn removed_corrupt(&self) {}

    /// Notes that a run ended after another one had done its work.
    fn was_overtaken(&self) {}

    /// Notes that a session is not in the list of its user, because that could not be changed.
    fn missed_in_list(&self, reason: &Error) {
        let _ = reason;
    }

    /// The value of `key`.
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<String>>> + Send {
        async move { Ok(self.execute(Operation::Get { key }).await?.into_value()) }
    }

    /// The values of `keys`, in their order.
    fn get_many(&self, keys: &[Key]) -> impl Future<Output = Result<Vec<Option<String>>>> + Send {
        async move { Ok(self.execute(Operation::GetMany { keys }).await?.into_values()) }
    }

    /// Stores `value`, with a new TTL or none.
    fn set(&self, key: &Key, value: &str, expiry: Expiry) -> impl Future<Output = Result<()>> + Send {
        async move { self.execute(Operation::Set { key, value, expiry }).await.map(drop) }
    }

    /// Stores `value` unless `key` exists; returns whether it did.
    fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.execute(Operation::SetIfAbsent { key, value, ttl }).await?.into_flag()) }
    }

    /// Stores `value` unless `key` exists, and reads the key that is there, and the keys `also`, at the same moment.
    fn claim_or_read(
        &self,
        key: &Key,
        value: &str,
        ttl: Ttl,
        also: &[Key],
    ) -> impl Future<Output = Result<ClaimOrRead>> + Send {
        async move { Ok(self.execute(Operation::ClaimOrRead { key, value, ttl, also }).await?.into_claim()) }
    }

    /// Removes `keys`; returns how many of them existed.
    fn delete(&self, keys: &[Key]) -> impl Future<Output = Result<u64>> + Send {
        async move { Ok(self.execute(Operation::Delete { keys }).await?.into_count()) }
    }

    /// Removes `key`; returns whether it existed. If an outage delays that, only what this process knew there is removed:
    /// another instance may have claimed the key meanwhile.
    fn release(&self, key: &Key) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.execute(Operation::Release { key }).await?.into_flag()) }
    }

    /// Whether `key` exists.
    fn exists(&self, key: &Key) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.execute(Operation::Exists { key }).await?.into_flag()) }
    }

    /// Adds `by` to a decimal 64-bit integer, which starts at 0, and returns the sum. The TTL stays.
    fn increment(&self, key: &Key, by: i64) -> impl Future<Output = Result<i64>> + Send {
        async move { Ok(self.execute(Operation::Increment { key, by }).await?.into_sum()) }
    }

    /// Adds to a counter like [`Store::increment`], for a number that nobody else has got. If a reply is lost, a number is
    /// skipped.
    fn next_number(&self, key: &Key) -> impl Future<Output = Result<i64>> + Send {
        async move { Ok(self.execute(Operation::NextNumber { key }).await?.into_sum()) }
    }

    /// Gives `key` a new TTL; `false` if it does not exist.
    fn expire(&self, key: &Key, ttl: Ttl) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.execute(Operation::Expire { key, ttl }).await?.into_flag()) }
    }

    /// Gives `key` a new TTL unless it holds the text `unless`; `false` if it does or does not exist.
    fn expire_unless(&self, key: &Key, unless: &str, ttl: Ttl) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.execute(Operation::ExpireUnless { key, unless, ttl }).await?.into_flag()) }
    }

    /// Removes `key` and returns its value. If the reply is lost and the value is gone, it fails, because nobody can tell who
    /// has it ([`Error::is_unanswered`](crate::Error::is_unanswered)).
    fn get_and_delete(&self, key: &Key) -> impl Future<Output = Result<Option<String>>> + Send {
        async move { Ok(self.execute(Operation::GetAndDelete { key }).await?.into_value()) }
    }

    /// Replaces the value by `new` if it is `expected`, and gives it a new TTL; without one, the key keeps its own.
    fn compare_and_set(
        &self,
        key: &Key,
        expected: &str,
        new: &str,
        ttl: Option<Ttl>,
    ) -> impl Future<Output = Result<Swap>> + Send {
        async move { Ok(self.execute(Operation::CompareAndSet { key, expected, new, ttl }).await?.into_swap()) }
    }

    /// Removes `key` if its value is `expected`; returns whether it did.
    fn compare_and_delete(&self, key: &Key, expected: &str) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.execute(Operation::CompareAndDelete { key, expected }).await?.into_flag()) }
    }

    /// Counts a request in every limit, if each of them admits it, and in none otherwise.
    fn admit(&self, limits: &[Limit]) -> impl Future<Output = Result<Admission>> + Send {
        async move { Ok(self.execute(Operation::Admit { limits }).await?.into_admission()) }
    }

    /// The values of `keys`, as the primary of a database with read replicas knows them.
    fn get_many_from_primary(
        &self,
        keys: &[Key],
    ) -> impl Future<Output = Result<Vec<Option<String>>>> + Send {
        async move { Ok(self.execute(Operation::GetManyFromPrimary { keys }).await?.into_values()) }
    }

    /// Stores `value` unless the key holds the text `unless`; returns whether it did. If an outage delays that, and this
    /// process knew of a value there, the key must still have one: another instance may have ended it.
    fn set_unless(
        &self,
        key: &Key,
        value: &str,
        unless: &str,
        ttl: Ttl,
    ) -> impl Future<Output = Result<bool>> + Send {
        async move { Ok(self.execute(Operation::SetUnless { key, value, unless, ttl }).await?.into_flag()) }
    }

    /// Ends what the key holds: puts a text in its place for a while, or nothing. It is sent again when its reply is lost,
    /// and replayed after an outage, whatever other instances have written meanwhile: what is revoked must not return.
    fn revoke(&self, key: &Key, left: Option<(&str, Ttl)>) -> impl Future<Output = Result<()>> + Send {
        async move { self.execute(Operation::Revoke { key, left }).await.map(drop) }
    }

    /// Adds `by` to a counter, like [`Store::increment`], and gives it `ttl` if it has none. A key that is refused
    /// because it holds no integer may get the TTL all the same: the two commands are not one.
    fn increment_within(&self, key: &Key, by: i64, ttl: Ttl) -> impl Future<Output = Result<i64>> + Send {
        async move { Ok(self.execute(Operation::IncrementWithin { key, by, ttl }).await?.into_sum()) }
    }

    /// The names of all keys that begin with `prefix`, in no order. It reads the whole database, so it is for
    /// administration. During an outage, only what memory holds is found.
    fn scan(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>>> + Send {
        async move { Ok(self.execute(Operation::Scan { prefix }).await?.into_names()) }
    }

    /// Compares the hash of a code, as [`CodeText`] has it, with `hash`. If it is that, or if no further attempt is left,
    /// removes the code; else takes one attempt from it, and its TTL stays. Fails like `get_and_delete`.
    fn verify(&self, key: &Key, hash: &str) -> impl Future<Output = Result<Guess>> + Send {
        async move { Ok(self.execute(Operation::Verify { key, hash }).await?.into_guess()) }
    }

    /// Makes all writes at once: nobody sees some of them without the others.
    fn apply(&self, writes: &[Write]) -> impl Future<Output = Result<()>> + Send {
        async move { self.execute(Operation::Apply { writes }).await.map(drop) }
    }

    /// Removes an entry whose text is corrupt, unless it has changed meanwhile.
    fn remove_corrupt(&self, key: &Key, text: &str) -> impl Future<Output = Result<()>> + Send {
        async move {
            if self.compare_and_delete(key, text).await? {
                self.removed_corrupt();
            }
            Ok(())
        }
    }
}

/// A store across the network, which can fail and recover.
pub trait RemoteStore: Store {
    /// The timeout of a call.
    fn timeout(&self) -> Duration;

    /// Sends PING and waits for the reply, for at most `timeout`.
    fn ping(&self, timeout: Duration) -> impl Future<Output = Result<()>> + Send;

    /// Brings `key` up to date after an outage or a lost reply; `false` when another instance has written it.
    fn replay(
        &self,
        key: &Key,
        replay: &Replay,
        deadline: Instant,
    ) -> impl Future<Output = Result<bool>> + Send;
}
