//! What a `SessionCache` is made with.

use std::time::Duration;

use super::id;
use crate::Result;
use crate::caches::random::hash;
use crate::clock::UnixMillis;
use crate::keys::{Key, SESSION, Ttl};

/// Where sessions are stored, and how long they live.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// What stands before the name of a session.
    pub prefix: String,
    /// How long a session lives without being used.
    pub idle: Ttl,
    /// How long a session lives at most.
    pub absolute: Ttl,
    /// How often a session's idle time is renewed at most.
    pub touch_every: Ttl,
    /// Whether to keep a list of the sessions of each user.
    pub has_index: bool,
    /// Whether the primary of a database with read replicas answers reads.
    pub is_consistent: bool,
}

impl Default for SessionOptions {
    /// A day of idle time, 30 days at most, and a touch a minute.
    fn default() -> Self {
        Self {
            prefix: SESSION.prefix.to_owned(),
            idle: Ttl::from_whole_seconds(SESSION.ttl_seconds),
            absolute: Ttl::from_whole_seconds(2_592_000),
            touch_every: Ttl::from_whole_seconds(60),
            has_index: false,
            is_consistent: false,
        }
    }
}

impl SessionOptions {
    /// The key of the session with this id.
    pub(super) fn key(&self, id: &str) -> Result<Key> {
        self.key_of_name(&hash(id))
    }

    pub(super) fn key_of_name(&self, name: &str) -> Result<Key> {
        Ok(Key::prefixed("options.prefix", &self.prefix, name)?.living(self.idle))
    }

    pub(super) fn tag(&self, user_id: &str) -> String {
        id::tag(&self.prefix, user_id)
    }

    /// How long a new session lives, unless it is used again.
    pub(super) fn first_ttl(&self) -> Ttl {
        self.idle.min(self.absolute)
    }

    /// How long a session that is used now lives, unless it is used again; `None` if it is over.
    pub(super) fn time_left(&self, created_at: UnixMillis, now: UnixMillis) -> Option<Ttl> {
        let left = self.expires_at(created_at).checked_sub(now).filter(|left| *left > 0)?;
        Some(self.idle.min(Ttl::from_duration(Duration::from_millis(left))))
    }

    /// When a session ends at the latest.
    pub(super) fn expires_at(&self, created_at: UnixMillis) -> UnixMillis {
        created_at.saturating_add(self.absolute.as_millis())
    }
}
