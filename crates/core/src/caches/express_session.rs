//! The sessions of express-session, in the formats of connect-redis: both can run side by side on one database.
//!
//! A session that was destroyed leaves JSON `null` for a minute, which connect-redis reads as "no session". It keeps a
//! request that is still running from storing its session again.

mod lifetime;
mod options;

use std::sync::Arc;

use quick_cache::sync::Cache;

pub use self::lifetime::Lifetime;
pub use self::options::ExpressOptions;
use crate::Result;
use crate::clock::{Clock, SteadyMillis};
use crate::json;
use crate::keys::{Key, Ttl};
use crate::store::{Store, Timed};

const TOMBSTONE: &str = "null";
const TOMBSTONE_TTL: Ttl = Ttl::from_whole_seconds(60);

/// The number of sessions of which this process knows when it has touched them.
const TOUCHED: usize = 65_536;
/// The most keys in one command.
const KEYS_AT_ONCE: usize = 1_000;

/// The sessions of a process, under any prefix.
pub struct ExpressSessions<S> {
    store: Arc<S>,
    clock: Clock,
    /// When this process has last touched or stored a session.
    touched: Cache<String, SteadyMillis>,
}

/// Methods have the errors of [`Store`].
impl<S: Store> ExpressSessions<S> {
    /// Sessions on `store`.
    #[must_use]
    pub fn new(store: Arc<S>, clock: Clock) -> Self {
        Self { store, clock, touched: Cache::new(TOUCHED) }
    }

    /// The JSON text of the session; `None` if it is absent, destroyed, or no JSON object.
    pub async fn get(&self, key: &Key) -> Result<Option<String>> {
        Ok(self.store.get(key).await?.filter(|text| is_session(text)))
    }

    /// Stores a session, unless it was destroyed a moment ago.
    pub async fn set(&self, key: &Key, session: &str, ttl: Ttl) -> Result<()> {
        self.store.set_unless(key, session, TOMBSTONE, ttl).await?;
        self.touched.insert(key.as_str().to_owned(), self.clock.steady());
        Ok(())
    }

    /// Ends a session.
    pub async fn destroy(&self, key: &Key) -> Result<()> {
        self.touched.remove(key.as_str());
        self.store.revoke(key, Some((TOMBSTONE, TOMBSTONE_TTL))).await
    }

    /// Gives a session a new TTL, at most once every `every`.
    pub async fn touch(&self, key: &Key, ttl: Ttl, every: Ttl) -> Result<()> {
        let now = self.clock.steady();
        if self.touched.get(key.as_str()).is_some_and(|before| now < before.saturating_add(every.as_millis()))
        {
            return Ok(());
        }
        self.touched.insert(key.as_str().to_owned(), now);
        let touched = self.store.expire_unless(key, TOMBSTONE, ttl).await;
        if !matches!(touched, Ok(true)) {
            self.touched.remove(key.as_str());
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
        self.touched.clear();
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
