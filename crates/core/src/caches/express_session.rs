//! The sessions of express-session, in the formats of connect-redis: both can run side by side on one database.
//!
//! A session that was destroyed leaves JSON `null` for a minute, which connect-redis reads as "no session". It keeps a
//! request that is still running from storing its session again.

mod lifetime;
mod options;

use std::sync::Arc;

pub use self::lifetime::Lifetime;
pub use self::options::ExpressOptions;
use super::touches::Touches;
use crate::Result;
use crate::clock::Clock;
use crate::json;
use crate::keys::{Key, Ttl};
use crate::store::{Store, Timed};

const TOMBSTONE: &str = "null";
const TOMBSTONE_TTL: Ttl = Ttl::from_whole_seconds(60);

/// The most keys in one command.
const KEYS_AT_ONCE: usize = 1_000;

/// The sessions of a process, under any prefix.
pub struct ExpressSessions<S> {
    store: Arc<S>,
    clock: Clock,
    touches: Touches,
}

/// Methods have the errors of [`Store`].
impl<S: Store> ExpressSessions<S> {
    /// Sessions on `store`.
    #[must_use]
    pub fn new(store: Arc<S>, clock: Clock) -> Self {
        Self { store, clock: clock.clone(), touches: Touches::new(clock) }
    }

    /// The JSON text of the session; `None` if it is absent, destroyed, or no JSON object.
    pub async fn get(&self, key: &Key) -> Result<Option<String>> {
        Ok(self.store.get(key).await?.filter(|text| is_session(text)))
    }

    /// Stores a session, unless it was destroyed a moment ago.
    pub async fn set(&self, key: &Key, session: &str, ttl: Ttl) -> Result<()> {
        if self.store.set_unless(key, session, TOMBSTONE, ttl).await? {
            self.touches.note(key, ttl);
        }
        Ok(())
    }

    /// Ends a session.
    pub async fn destroy(&self, key: &Key) -> Result<()> {
        self.touches.forget(key);
        self.store.revoke(key, Some((TOMBSTONE, TOMBSTONE_TTL))).await
    }

    /// Gives a session a new TTL. The same one again is written at most once every `every`.
    pub async fn touch(&self, key: &Key, ttl: Ttl, every: Ttl) -> Result<()> {
        if !self.touches.is_due(key, ttl, every) {
            return Ok(());
        }
        // From now on, so that of several at once one is written.
        self.touches.note(key, ttl);
        let touched = self.store.expire_unless(key, TOMBSTONE, ttl).await;
        if !matches!(touched, Ok(true)) {
            self.touches.forget(key);
        }
        touched.map(drop)
    }

    /// All sessions whose keys begin with `prefix`: `[[id, session], ..]` as JSON.
    pub async fn all(&self, prefix: &str) -> Result<String> {
        let call = Timed::begin(&*self.store);
        let mut pairs = Vec::new();
        for keys in keys(prefix, &call.scan(prefix).await?)?.chunks(KEYS_AT_ONCE) {
            for (key, text) in keys.iter().zip(call.get_many(keys).await?) {
                if let Some(text) = text.filter(|text| is_session(text)) {
                    let id = json::to_json(&&key.as_str()[prefix.len()..]);
                    pairs.push(format!("[{id},{text}]"));
                }
            }
        }
        Ok(format!("[{}]", pairs.join(",")))
    }

    /// Removes all sessions whose keys begin with `prefix`.
    pub async fn clear(&self, prefix: &str) -> Result<()> {
        let call = Timed::begin(&*self.store);
        self.touches.clear();
        for keys in keys(prefix, &call.scan(prefix).await?)?.chunks(KEYS_AT_ONCE) {
            call.delete(keys).await?;
        }
        Ok(())
    }
}

fn is_session(text: &str) -> bool {
    json::Object::parse(text).is_some()
}

/// A key that is the prefix alone is none of a session.
fn keys(prefix: &str, names: &[String]) -> Result<Vec<Key>> {
    names.iter().filter(|name| name.len() > prefix.len()).map(|name| Key::plain("prefix", name)).collect()
}
