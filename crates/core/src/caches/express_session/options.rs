//! What a store of express-session is made with.

use crate::Result;
use crate::keys::{EXPRESS_SESSION, Key, Ttl};

/// Where sessions are stored, and how long they live.
#[derive(Debug, Clone)]
pub struct ExpressOptions {
    /// What stands before the id of a session.
    pub prefix: String,
    /// How long a session lives whose cookie does not expire.
    pub ttl: Ttl,
    /// Whether a request that changes nothing renews the TTL.
    pub touches: bool,
    /// How often such a request renews it at most.
    pub touch_every: Ttl,
}

impl Default for ExpressOptions {
    /// Those of connect-redis, and a touch a minute.
    fn default() -> Self {
        Self {
            prefix: EXPRESS_SESSION.prefix.to_owned(),
            ttl: Ttl::from_whole_seconds(EXPRESS_SESSION.ttl_seconds),
            touches: true,
            touch_every: Ttl::from_whole_seconds(60),
        }
    }
}

impl ExpressOptions {
    /// The key of the session with this id.
    ///
    /// # Errors
    ///
    /// When `sid` is empty or too long.
    pub fn key(&self, sid: &str) -> Result<Key> {
        Ok(Key::prefixed("sid", &self.prefix, sid)?.living(self.ttl))
    }

    /// Completes the sentence that an option of connect-redis begins which has no meaning here; `None` for any other name.
    #[must_use]
    pub fn problem_of(name: &str) -> Option<&'static str> {
        Some(match name {
            "client" => {
                "belongs to connect-redis; leave it out, and set UPSTASH_REDIS_REST_URL and \
                 UPSTASH_REDIS_REST_TOKEN, or call redisManager.configure({ url, token })"
            }
            "disableTTL" => "belongs to connect-redis; every session has a TTL here: give a long ttl instead",
            "scanCount" => "belongs to connect-redis; leave it out: 1,000 keys are looked at in a step",
            "serializer" => "belongs to connect-redis; leave it out: sessions are stored as JSON",
            _ => return None,
        })
    }
}
