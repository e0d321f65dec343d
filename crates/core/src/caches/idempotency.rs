//! The results of API requests, by idempotency key.

use std::sync::Arc;

use super::read;
use crate::keys::{Expiry, IDEMPOTENCY, Key, Ttl};
use crate::store::Store;
use crate::{Error, Result, json};

/// Remembers the result of a request, so that a repeat gets the same answer.
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
    /// When it is neither an object nor an array; `argument` is what the caller calls it.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        if json::is_object_or_array(&text) {
            Ok(Self(text))
        } else {
            Err(Error::invalid_field(argument, "must turn into a JSON object or array"))
        }
    }
}

/// Every method can fail as [`Store`] says. Keys are made with [`IDEMPOTENCY`].
impl<S: Store> IdempotencyCache<S> {
    /// A cache on `store`.
    #[must_use]
    pub fn new(store: Arc<S>) -> Self {
        Self { store }
    }

    /// Remembers `result`, for ten minutes unless `ttl` says otherwise.
    pub async fn set(&self, key: &Key, result: &CachedResult, ttl: Option<Ttl>) -> Result<()> {
        let expiry = Expiry::After(IDEMPOTENCY.ttl_or_default(ttl));
        self.store.set(key, &result.0, expiry).await
    }

    /// The JSON text of the result; `None` when there is none, it has expired or is corrupt.
    pub async fn get(&self, key: &Key) -> Result<Option<String>> {
        read(&*self.store, key, json::is_object_or_array).await
    }

    /// Whether there is a result. A corrupt one counts until it is read.
    pub async fn exists(&self, key: &Key) -> Result<bool> {
        self.store.exists(key).await
    }

    /// Forgets the result.
    pub async fn delete(&self, key: &Key) -> Result<()> {
        self.store.delete(std::slice::from_ref(key)).await.map(drop)
    }
}
