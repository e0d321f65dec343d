//! [`MemoryStore`] behind the trait.

use super::MemoryStore;
use crate::Result;
use crate::keys::{Expiry, Key, Ttl};
use crate::store::{Store, Swap, Write};

impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<String>> {
        Ok(self.get(key))
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<String>>> {
        Ok(self.get_many(keys))
    }

    async fn set(&self, key: &Key, value: &str, expiry: Expiry) -> Result<()> {
        self.set(key, value, expiry)
    }

    async fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> Result<bool> {
        self.set_if_absent(key, value, ttl)
    }

    async fn delete(&self, keys: &[Key]) -> Result<u64> {
        Ok(self.delete(keys))
    }

    async fn exists(&self, key: &Key) -> Result<bool> {
        Ok(self.exists(key))
    }

    async fn increment(&self, key: &Key, by: i64) -> Result<i64> {
        self.increment(key, by)
    }

    async fn expire(&self, key: &Key, ttl: Ttl) -> Result<bool> {
        self.expire(key, ttl)
    }

    async fn get_and_delete(&self, key: &Key) -> Result<Option<String>> {
        Ok(self.get_and_delete(key))
    }

    async fn compare_and_set(&self, key: &Key, expected: &str, new: &str, ttl: Ttl) -> Result<Swap> {
        self.compare_and_set(key, expected, new, ttl)
    }

    async fn compare_and_delete(&self, key: &Key, expected: &str) -> Result<bool> {
        Ok(self.compare_and_delete(key, expected))
    }

    async fn apply(&self, writes: &[Write]) -> Result<()> {
        self.apply(writes)
    }
}
