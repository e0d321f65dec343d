//! Sessions: who is signed in.
//!
//! A change is a compare-and-set that keeps the TTL, so that it loses no other change and never brings a session back that
//! was destroyed. All sessions of a user are revoked by a new epoch: each counts only in the epoch in which it was made. No
//! list of sessions is needed for that, which a new session could miss, and no clocks are compared. The age of a session is
//! told by the wall clock of whoever reads it, because a few seconds of difference are nothing against days.

mod change;
mod end;
mod epoch;
mod id;
mod index;
mod options;
mod record;
mod touch;

use std::sync::Arc;

pub use self::change::Changed;
use self::change::session_json;
pub use self::options::SessionOptions;
use self::record::{Record, is_moved};
pub use self::record::{SessionChange, SessionData};
use super::last_seen::LastSeen;
use super::random::hash;
use super::touches::Touches;
use crate::clock::{Clock, UnixMillis};
use crate::json::to_json;
use crate::keys::{Expiry, Key};
use crate::store::{Store, Timed};
use crate::{Error, Result};

/// How often a change is tried.
const TRIES: u32 = 8;
/// The maximum bytes of all texts last seen.
const LAST_SEEN_BYTES: u64 = 8 * 1024 * 1024;

/// The sessions of a process, of any [`SessionOptions`].
pub struct Sessions<S> {
    store: Arc<S>,
    clock: Clock,
    last_seen: LastSeen,
    touches: Touches,
}

/// A session that counts, its text, and the epoch in which it does.
struct Found<'a> {
    record: Record<'a>,
    text: &'a str,
    epoch: &'a str,
}

/// Methods have the errors of [`Store`]. An id that is no session's reads as absent, whatever it looks like.
impl<S: Store> Sessions<S> {
    /// Sessions on `store`.
    #[must_use]
    pub fn new(store: Arc<S>, clock: Clock) -> Self {
        let touches = Touches::new(clock.clone());
        Self { store, clock, last_seen: LastSeen::new(LAST_SEEN_BYTES), touches }
    }

    /// Makes a session. Returns `{ id, session }` as JSON.
    pub async fn create(&self, options: &SessionOptions, data: &SessionData) -> Result<String> {
        let call = Timed::begin(&*self.store);
        let tag = options.tag(data.user_id());
        let id = id::new_id(&tag)?;
        let key = options.key(&id)?;
        for _ in 0..TRIES {
            let now = self.clock.lifetime_now();
            let Some(text) = self.store_new(&call, options, (&key, &tag), data, now).await? else { continue };
            self.remember(&key, &text);
            self.touches.note(&key, options.first_ttl());
            self.add_to_list(&call, options, &tag, (hash(&id), now), None).await;
            let session = session_json(&text, options);
            return Ok(format!(r#"{{"id":{},"session":{session}}}"#, to_json(&id)));
        }
        Err(Error::conflict("the revocations of a user"))
    }

    /// Stores a session in the epoch of its user, and returns its text; `None` if that epoch has ended meanwhile.
    async fn store_new(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (key, tag): (&Key, &str),
        data: &SessionData,
        now: UnixMillis,
    ) -> Result<Option<String>> {
        let epoch_key = epoch::key(tag)?;
        let epoch = self.values(call, options, std::slice::from_ref(&epoch_key)).await?.pop().flatten();
        let text = Record::text(data.as_str(), epoch.as_deref().unwrap_or_default(), now);
        let stored = call.set(key, &text, Expiry::After(options.first_ttl()));
        if epoch.is_none_or(|epoch| !epoch::is_too_short(&epoch, options, now)) {
            stored.await?;
            return Ok(Some(text));
        }
        // The epoch must outlive the session, or the session would end with it.
        let (stored, is_kept) = tokio::join!(stored, call.expire(&epoch_key, epoch::ttl(options)));
        stored?;
        Ok(is_kept?.then_some(text))
    }

    /// The session as JSON. Its idle time begins anew if `touches`, at most once in a while. With a `user_id`, only a
    /// session of that user counts.
    pub async fn get(
        &self,
        options: &SessionOptions,
        id: &str,
        touches: bool,
        user_id: Option<&str>,
    ) -> Result<Option<String>> {
        let call = Timed::begin(&*self.store);
        let key = options.key(id)?;
        let seen = self.last_seen.get(&key).filter(|_| touches);
        let renewed = async {
            match &seen {
                Some(text) => self.renew_seen(&call, options, &key, text).await,
                None => Ok(true),
            }
        };
        let take = |found: Found<'_>| (found.record.to_json(options), found.record.created_at);
        // Both in one request. A cookie that is made up, or a session that was revoked, is read only.
        let (found, renewed) = tokio::join!(self.read(&call, options, (id, &key), user_id, take), renewed);
        let Some((session, created_at)) = found? else {
            self.touches.forget(&key);
            return Ok(None);
        };
        renewed?;
        if touches
            && seen.is_none()
            && let Some(ttl) = options.time_left(created_at, self.clock.lifetime_now())
        {
            self.renew(&call, options, (&key, ttl), true).await?;
        }
        Ok(Some(session))
    }

    /// What `take` makes of a session that counts. A corrupt entry is removed.
    async fn read<T>(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, key): (&str, &Key),
        user_id: Option<&str>,
        take: impl FnOnce(Found<'_>) -> T,
    ) -> Result<Option<T>> {
        let tag = user_id.map(|user_id| options.tag(user_id)).or_else(|| id::tag_of(id).map(str::to_owned));
        let mut keys = vec![key.clone()];
        keys.extend(tag.as_ref().map(|tag| epoch::key(tag)).transpose()?);
        let mut values = self.values(call, options, &keys).await?.into_iter();
        let (text, epoch) = (values.next().flatten(), values.next());
        let Some(text) = text else {
            self.last_seen.forget(key);
            return Ok(None);
        };
        let Some(record) = Record::parse(&text) else {
            self.last_seen.forget(key);
            if !is_moved(&text) {
                call.remove_corrupt(key, &text).await?;
            }
            return Ok(None);
        };
        let own_tag = options.tag(&record.user_id);
        let epoch = match epoch {
            Some(epoch) => epoch,
            None => self.values(call, options, &[epoch::key(&own_tag)?]).await?.pop().flatten(),
        };
        // The tag is a short hash, which two users can share.
        let is_theirs =
            tag.is_none_or(|tag| tag == own_tag) && user_id.is_none_or(|user_id| user_id == record.user_id);
        if !is_theirs || !record.counts_in(epoch.as_deref()) || !self.is_young(options, &record) {
            self.last_seen.forget(key);
            return Ok(None);
        }
        self.remember(key, &text);
        Ok(Some(take(Found { record, text: &text, epoch: epoch.as_deref().unwrap_or_default() })))
    }

    async fn values(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        keys: &[Key],
    ) -> Result<Vec<Option<String>>> {
        if options.is_consistent { call.get_many_from_primary(keys).await } else { call.get_many(keys).await }
    }

    /// A session that is not over, whatever has been revoked.
    fn live<'a>(&self, options: &SessionOptions, text: &'a str) -> Option<Record<'a>> {
        Record::parse(text).filter(|record| self.is_young(options, record))
    }

    fn is_young(&self, options: &SessionOptions, record: &Record<'_>) -> bool {
        options.time_left(record.created_at, self.clock.lifetime_now()).is_some()
    }

    fn remember(&self, key: &Key, text: &str) {
        self.last_seen.remember(key, text);
    }

    fn forget(&self, key: &Key) {
        self.last_seen.forget(key);
        self.touches.forget(key);
    }
}

#[cfg(test)]
mod tests;
