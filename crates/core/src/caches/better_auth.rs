//! The secondary storage of better-auth: texts and counters with TTLs.

use std::sync::Arc;

use crate::Result;
use crate::keys::{Expiry, Key, Ttl};
use crate::store::Store;

/// What better-auth stores outside its database.
pub struct BetterAuthStorage<S> {
    store: Arc<S>,
}

/// Methods have the errors of [`Store`].
impl<S: Store> BetterAuthStorage<S> {
    /// A storage on `store`.
    #[must_use]
    pub fn new(store: Arc<S>) -> Self {
        Self { store }
    }

    /// The text, as it was stored.
    pub async fn get(&self, key: &Key) -> Result<Option<String>> {
        self.store.get(key).await
    }

    /// Stores a text, for so many seconds if there are any. What has expired already is removed.
    pub async fn set(&self, key: &Key, value: &str, ttl_seconds: Option<f64>) -> Result<()> {
        match ttl_seconds {
            None => self.store.set(key, value, Expiry::Never).await,
            Some(seconds) if seconds <= 0.0 => self.delete(key).await,
            Some(seconds) => self.store.set(key, value, Expiry::After(ttl(seconds)?)).await,
        }
    }

    /// Removes a text. A session that is revoked so does not return because a reply was lost.
    pub async fn delete(&self, key: &Key) -> Result<()> {
        self.store.revoke(key, None).await
    }

    /// Removes a text and returns it, to one caller.
    pub async fn get_and_delete(&self, key: &Key) -> Result<Option<String>> {
        self.store.get_and_delete(key).await
    }

    /// Adds 1 to a counter, which gets its TTL when it is new.
    pub async fn increment(&self, key: &Key, ttl_seconds: f64) -> Result<i64> {
        self.store.increment_within(key, 1, ttl(ttl_seconds)?).await
    }
}

/// better-auth computes seconds from dates, and they may have fractions.
fn ttl(seconds: f64) -> Result<Ttl> {
    Ttl::from_seconds("ttl", seconds.ceil())
}
