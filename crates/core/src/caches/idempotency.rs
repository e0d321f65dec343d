//! Results of API requests, by idempotency key.

use std::sync::Arc;

use super::read;
use crate::keys::{Expiry, IDEMPOTENCY, Key, Ttl};
use crate::store::Store;
use crate::{Error, Result, json};

/// Stores the result of a request, so that a retry of the request gets the same result.
#[derive(Clone)]
pub struct IdempotencyCache<S> {
    store: Arc<S>,
}

/// The JSON text of a result: an object or an array.
pub struct CachedResult(String);

impl CachedResult {
    /// Takes the caller's JSON text.
    ///
    /// # Errors
    ///
    /// When it is neither an object nor an array. `argument` names it in the error.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        if json::is_object_or_array(&text) {
            Ok(Self(text))
        } else {
            Err(Error::invalid_field(argument, "must turn into a JSON object or array"))
        }
    }
}

/// Methods have the errors of [`Store`]. Keys come from [`IDEMPOTENCY`].
impl<S: Store> IdempotencyCache<S> {
    /// A cache on `store`.
    #[must_use]
    pub fn new(store: Arc<S>) -> Self {
        Self { store }
    }

    /// Stores `result` for `ttl`, by default ten minutes.
    pub async fn set(&self, key: &Key, result: &CachedResult, ttl: Option<Ttl>) -> Result<()> {
        let expiry = Expiry::After(IDEMPOTENCY.ttl_or_default(ttl));
        self.store.set(key, &result.0, expiry).await
    }

    /// The JSON text of the result. `None` if it is absent, expired or corrupt.
    pub async fn get(&self, key: &Key) -> Result<Option<String>> {
        read(&*self.store, key, json::is_object_or_array).await
    }

    /// Whether there is a result. A corrupt one exists until it is read.
    pub async fn exists(&self, key: &Key) -> Result<bool> {
        self.store.exists(key).await
    }

    /// Deletes the result, and the outcome of a run if there can be one: its key is a little longer.
    pub async fn delete(&self, key: Key, run: Option<Key>) -> Result<()> {
        let keys: Vec<Key> = [Some(key), run].into_iter().flatten().collect();
        self.store.delete(&keys).await.map(drop)
    }
}
