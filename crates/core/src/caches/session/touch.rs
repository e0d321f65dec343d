//! The idle time of a session, which begins anew when the session is used, and is written once in a while.

use super::Sessions;
use super::options::SessionOptions;
use super::record::Record;
use crate::Result;
use crate::keys::{Key, Ttl};
use crate::store::{Store, Timed};

/// Methods have the errors of [`Store`].
impl<S: Store> Sessions<S> {
    /// Begins the idle time of a session anew, at most once in a while. Returns whether the session is there. It is not
    /// looked up whether it has been revoked, nor, within that while, whether another process has ended it.
    pub async fn touch(&self, options: &SessionOptions, id: &str) -> Result<bool> {
        let key = options.key(id)?;
        let call = Timed::begin(&*self.store);
        match self.last_seen.get(&key) {
            Some(text) => self.renew_seen(&call, options, &key, &text).await,
            // Its age is not known, which every reader looks at.
            None => self.renew(&call, options, (&key, options.first_ttl()), false).await,
        }
    }

    /// Begins the idle time of a session anew that counted when this process saw `text`, at most once in a while. Returns
    /// whether the session is there.
    pub(super) async fn renew_seen(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        key: &Key,
        text: &str,
    ) -> Result<bool> {
        // Most calls come too soon, and need not look into the text.
        if !self.touches.is_due(key, options.first_ttl(), options.touch_every) {
            return Ok(true);
        }
        let left = |record: Record<'_>| options.time_left(record.created_at, self.clock.lifetime_now());
        match Record::parse(text).and_then(left) {
            Some(ttl) => self.renew(call, options, (key, ttl), true).await,
            None => Ok(false),
        }
    }

    /// Gives a session this TTL, unless it is too soon for that. Returns whether the session is there. If it is known to
    /// be, the touch counts as made from the beginning, so that of several at once one is written.
    pub(super) async fn renew(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (key, ttl): (&Key, Ttl),
        is_known: bool,
    ) -> Result<bool> {
        if !self.touches.is_due(key, ttl, options.touch_every) {
            return Ok(true);
        }
        if is_known {
            self.touches.note(key, ttl);
        }
        let touched = call.expire(key, ttl).await;
        if matches!(touched, Ok(true)) {
            self.touches.note(key, ttl);
        } else {
            self.forget(key);
        }
        touched
    }
}

#[cfg(test)]
mod tests;
