//! The idle time of a session, which begins anew when the session is used, and is written once in a while.

use super::Sessions;
use super::options::SessionOptions;
use super::record::Record;
use crate::Result;
use crate::clock::UnixMillis;
use crate::keys::Key;
use crate::store::{Store, Timed};

/// Methods have the errors of [`Store`].
impl<S: Store> Sessions<S> {
    /// Gives the idle time of a session a new beginning, at most once in a while. Returns whether the session is there; it
    /// is not looked up whether it has been revoked.
    pub async fn touch(&self, options: &SessionOptions, id: &str) -> Result<bool> {
        let key = options.key(id)?;
        if !self.begin_touch(options, &key) {
            return Ok(true);
        }
        let touched = self.extend(&Timed::begin(&*self.store), options, &key).await;
        if !matches!(touched, Ok(true)) {
            self.forget(&key);
        }
        touched
    }

    /// Whether a touch is due. It counts as made.
    pub(super) fn begin_touch(&self, options: &SessionOptions, key: &Key) -> bool {
        let now = self.clock.steady();
        let is_due = self.touched.get(key.as_str()).is_none_or(|before| !options.is_soon(before, now));
        if is_due {
            self.touched.insert(key.as_str().to_owned(), now);
        }
        is_due
    }

    pub(super) async fn extend(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        key: &Key,
    ) -> Result<bool> {
        let now: UnixMillis = self.clock.lifetime_now();
        let created_at = self.last_seen.get(key).and_then(|text| Some(Record::parse(&text)?.created_at));
        // Of a session that this process has not seen, it does not know the age, which every reader looks at.
        match options.time_left(created_at.unwrap_or(now), now) {
            Some(ttl) => call.expire(key, ttl).await,
            None => Ok(false),
        }
    }
}
