//! Sessions: who is signed in.
//!
//! A change is a compare-and-set that keeps the TTL, so that it loses no other change and never brings a session back that
//! was destroyed. All sessions of a user are revoked by a new epoch: each counts only in the epoch in which it was made. No
//! list of sessions is needed for that, which a new session could miss, and no clocks are compared. The age of a session is
//! told by the wall clock of whoever reads it, because a few seconds of difference are nothing against days.

mod id;
mod index;
mod options;
mod record;

use std::sync::Arc;

use quick_cache::sync::Cache;

pub use self::options::SessionOptions;
use self::options::{epoch_key, index_key};
use self::record::{Record, Stamped, is_moved, moved};
pub use self::record::{SessionChange, SessionData};
use super::last_seen::LastSeen;
use crate::clock::{Clock, SteadyMillis, UnixMillis};
use crate::json::to_json;
use crate::keys::{Expiry, Key, Ttl};
use crate::store::{Store, Swap, Timed};
use crate::{Error, Result};

/// How often a change is tried.
const TRIES: u32 = 8;
/// The maximum bytes of all texts last seen.
const LAST_SEEN_BYTES: u64 = 8 * 1024 * 1024;
/// The number of sessions of which this process knows when it has touched them.
const TOUCHED: usize = 65_536;
/// How long the text stands that a move leaves: until a lost reply has been looked up.
const MOVED_TTL: Ttl = Ttl::from_whole_seconds(5);

/// The sessions of a process, of any [`SessionOptions`].
pub struct Sessions<S> {
    store: Arc<S>,
    clock: Clock,
    last_seen: LastSeen,
    /// When this process has last touched a session.
    touched: Cache<String, SteadyMillis>,
}

/// A session that counts, and the epoch in which it does.
struct Found {
    text: String,
    epoch: String,
}

/// How a change has ended.
pub enum Changed {
    /// It is made; this is the session as JSON.
    Done(String),
    /// There is no such session.
    Absent,
    /// Another change came first. As JSON, the text to change instead and its data.
    Again(String),
}

impl Changed {
    /// `{ session }` or `{ next }`; `None` if the session is absent.
    #[must_use]
    pub fn to_json(&self) -> Option<String> {
        match self {
            Self::Done(session) => Some(format!(r#"{{"session":{session}}}"#)),
            Self::Absent => None,
            Self::Again(next) => Some(format!(r#"{{"next":{next}}}"#)),
        }
    }
}

/// Methods have the errors of [`Store`]. An id that is no session's reads as absent, whatever it looks like.
impl<S: Store> Sessions<S> {
    /// Sessions on `store`.
    #[must_use]
    pub fn new(store: Arc<S>, clock: Clock) -> Self {
        Self { store, clock, last_seen: LastSeen::new(LAST_SEEN_BYTES), touched: Cache::new(TOUCHED) }
    }

    /// Makes a session. Returns `{ id, session }` as JSON.
    pub async fn create(&self, options: &SessionOptions, data: &SessionData) -> Result<String> {
        let call = Timed::begin(&*self.store);
        let tag = options.tag(&data.user_id()?);
        let id = id::new_id(&tag)?;
        let (key, epoch_key) = (options.key(&id)?, epoch_key(&tag)?);
        let ttl = options.idle.min(options.absolute);
        for _ in 0..TRIES {
            let epoch = self.values(&call, options, std::slice::from_ref(&epoch_key)).await?.pop().flatten();
            let now = self.clock.lifetime_now();
            let text = Record::text(data.as_str(), epoch.as_deref().unwrap_or_default(), now);
            let stored = call.set(&key, &text, Expiry::After(ttl));
            if epoch.is_some() {
                // The epoch must outlive the session, or the session would end with it.
                let (stored, is_kept) = tokio::join!(stored, call.expire(&epoch_key, options.epoch_ttl()));
                stored?;
                if !is_kept? {
                    continue;
                }
            } else {
                stored.await?;
            }
            if options.has_index {
                let name = id::stored_name(&id);
                index::add(&call, options, &tag, (&name, None), (now, now)).await?;
            }
            self.remember(&key, &text);
            self.touched.insert(key.as_str().to_owned(), self.clock.steady());
            let session = Record::parse(&text).map(|record| record.to_json(options)).unwrap_or_default();
            return Ok(format!(r#"{{"id":{},"session":{session}}}"#, to_json(&id)));
        }
        Err(Error::conflict("the revocations of a user"))
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
        let is_due = touches && self.begin_touch(options, &key);
        // Both in one request. The EXPIRE of a session that does not count does no harm.
        let touch = async { if is_due { self.extend(&call, options, &key).await } else { Ok(true) } };
        let (found, touched) = tokio::join!(self.read(&call, options, (id, &key), user_id), touch);
        if is_due && !matches!((&found, &touched), (Ok(Some(_)), Ok(true))) {
            self.touched.remove(key.as_str());
        }
        touched?;
        let Some(found) = found? else { return Ok(None) };
        Ok(Record::parse(&found.text).map(|record| record.to_json(options)))
    }

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

    /// Changes some fields. Returns the session as JSON; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// A conflict when others have changed it each time; an invalid field when it would get another user.
    pub async fn update(
        &self,
        options: &SessionOptions,
        id: &str,
        change: &SessionChange,
    ) -> Result<Option<String>> {
        let call = Timed::begin(&*self.store);
        let key = options.key(id)?;
        let Some(mut text) = self.known(&call, options, (id, &key)).await? else { return Ok(None) };
        // Of each write whose reply was lost and which may be below the one of another.
        let mut stamps = Vec::new();
        for _ in 0..TRIES {
            let Some(record) = self.live(options, &text) else { return Ok(None) };
            if let Some(session) = self.made_before(options, &record, &stamps) {
                return Ok(Some(session));
            }
            let written = record.changed(change, self.clock.lifetime_now())?;
            match self.swap(&call, &key, &text, &written).await? {
                Swap::Done => return Ok(Some(session_json(&written.text, options))),
                Swap::Absent => return Ok(None),
                Swap::Changed(other) => text = other,
            }
            stamps.push(written.stamp);
        }
        Err(Error::conflict("the session"))
    }

    /// What a change begins with: as JSON, the text to change and its data. `None` if there is no such session.
    pub async fn begin_change(&self, options: &SessionOptions, id: &str) -> Result<Option<String>> {
        let key = options.key(id)?;
        let Some(text) = self.known(&Timed::begin(&*self.store), options, (id, &key)).await? else {
            return Ok(None);
        };
        Ok(self.live(options, &text).map(|record| record.to_basis_json(&text)))
    }

    /// Replaces the data of the text `basis`. `tries` is how often the same change was tried before.
    ///
    /// # Errors
    ///
    /// A conflict when it was tried often enough; an invalid field when the session would get another user.
    pub async fn change(
        &self,
        options: &SessionOptions,
        id: &str,
        (basis, data): (&str, &str),
        tries: u32,
    ) -> Result<Changed> {
        let key = options.key(id)?;
        let Some(record) = self.live(options, basis) else { return Ok(Changed::Absent) };
        let written = record.replaced(data, self.clock.lifetime_now())?;
        let call = Timed::begin(&*self.store);
        let text = match self.swap(&call, &key, basis, &written).await? {
            Swap::Done => return Ok(Changed::Done(session_json(&written.text, options))),
            Swap::Absent => return Ok(Changed::Absent),
            Swap::Changed(text) => text,
        };
        let Some(record) = self.live(options, &text) else { return Ok(Changed::Absent) };
        if let Some(session) = self.made_before(options, &record, &[written.stamp]) {
            return Ok(Changed::Done(session));
        }
        if tries + 1 >= TRIES {
            return Err(Error::conflict("the session"));
        }
        Ok(Changed::Again(record.to_basis_json(&text)))
    }

    /// Moves the session to a new id, which is returned; `None` if it is absent. Nobody finds it under both.
    ///
    /// # Errors
    ///
    /// A conflict when others have changed it each time.
    pub async fn rotate(&self, options: &SessionOptions, id: &str) -> Result<Option<String>> {
        let call = Timed::begin(&*self.store);
        let key = options.key(id)?;
        let Some(found) = self.read(&call, options, (id, &key), None).await? else { return Ok(None) };
        let mut text = found.text;
        let Some(tag) = Record::parse(&text).map(|record| options.tag(&record.user_id)) else {
            return Ok(None);
        };
        let new_id = id::new_id(&tag)?;
        let new_key = options.key(&new_id)?;
        for _ in 0..TRIES {
            let now = self.clock.lifetime_now();
            let live = self.live(options, &text).map(|record| record.created_at);
            let Some((created_at, ttl)) =
                live.and_then(|created_at| Some((created_at, options.time_left(created_at, now)?)))
            else {
                break;
            };
            // Nobody knows the new id before the old one is dead, and nothing is lost if this process ends in between.
            call.set(&new_key, &text, Expiry::After(ttl)).await?;
            match call.compare_and_set(&key, &text, &moved(), Some(MOVED_TTL)).await? {
                Swap::Done => {
                    self.forget(&key);
                    self.remember(&new_key, &text);
                    if options.has_index {
                        let (name, old) = (id::stored_name(&new_id), id::stored_name(id));
                        index::add(&call, options, &tag, (&name, Some(&old)), (created_at, now)).await?;
                    }
                    return Ok(Some(new_id));
                }
                Swap::Absent => break,
                Swap::Changed(other) => text = other,
            }
        }
        self.forget(&key);
        call.revoke(&new_key, None).await?;
        Ok(None)
    }

    /// Ends a session.
    pub async fn destroy(&self, options: &SessionOptions, id: &str) -> Result<()> {
        let key = options.key(id)?;
        self.forget(&key);
        self.store.revoke(&key, None).await
    }

    /// Ends all sessions of a user but one, if that is given and there.
    pub async fn destroy_all(
        &self,
        options: &SessionOptions,
        user_id: &str,
        except: Option<&str>,
    ) -> Result<()> {
        let call = Timed::begin(&*self.store);
        let epoch_key = epoch_key(&options.tag(user_id))?;
        let epoch = id::new_epoch()?;
        if let Some(id) = except {
            self.spare(&call, options, (id, user_id), &epoch).await?;
        }
        call.revoke(&epoch_key, Some((&epoch, options.epoch_ttl()))).await
    }

    /// Makes a session count in the epoch that is to come, too, so that it counts all the time.
    async fn spare(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, user_id): (&str, &str),
        next: &str,
    ) -> Result<()> {
        let key = options.key(id)?;
        for _ in 0..TRIES {
            let Some(Found { text, epoch }) = self.read(call, options, (id, &key), Some(user_id)).await?
            else {
                return Ok(());
            };
            let Some(record) = Record::parse(&text) else { return Ok(()) };
            let written = record.spared(&epoch, next);
            match self.swap(call, &key, &text, &written).await? {
                Swap::Done | Swap::Absent => return Ok(()),
                Swap::Changed(_) => {}
            }
        }
        Err(Error::conflict("the session"))
    }

    /// The sessions of a user that are in the list, as a JSON array, the newest last.
    pub async fn list(&self, options: &SessionOptions, user_id: &str) -> Result<String> {
        let call = Timed::begin(&*self.store);
        let tag = options.tag(user_id);
        let index = self.values(&call, options, &[index_key(&tag)?]).await?.pop().flatten();
        let names = index::names(index.as_deref());
        let mut keys = vec![epoch_key(&tag)?];
        for name in &names {
            keys.push(options.key_of_name(name)?);
        }
        let mut values = self.values(&call, options, &keys).await?.into_iter();
        let epoch = values.next().flatten();
        let sessions = values.flatten().filter_map(|text| {
            let record = self.live(options, &text)?;
            let is_theirs = record.user_id == user_id && record.counts_in(epoch.as_deref());
            is_theirs.then(|| record.to_json(options))
        });
        Ok(format!("[{}]", sessions.collect::<Vec<_>>().join(",")))
    }

    /// The text of a session that counts. A corrupt entry is removed.
    async fn read(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, key): (&str, &Key),
        user_id: Option<&str>,
    ) -> Result<Option<Found>> {
        let tag = user_id.map(|user_id| options.tag(user_id)).or_else(|| id::tag_of(id).map(str::to_owned));
        let (text, found) = match tag {
            Some(tag) => {
                let values = self.values(call, options, &[key.clone(), epoch_key(&tag)?]).await?;
                let [text, epoch] = <[Option<String>; 2]>::try_from(values).unwrap_or_default();
                (text, Some((tag, epoch)))
            }
            None => (self.values(call, options, std::slice::from_ref(key)).await?.pop().flatten(), None),
        };
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
        let (tag, epoch) = match found {
            Some(found) => found,
            None => {
                let epoch = self.values(call, options, &[epoch_key(&own_tag)?]).await?.pop().flatten();
                (own_tag.clone(), epoch)
            }
        };
        if tag != own_tag || !record.counts_in(epoch.as_deref()) || !self.is_young(options, &record) {
            self.last_seen.forget(key);
            return Ok(None);
        }
        self.remember(key, &text);
        Ok(Some(Found { text, epoch: epoch.unwrap_or_default() }))
    }

    /// The text last seen, or else that of a session that counts.
    async fn known(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, key): (&str, &Key),
    ) -> Result<Option<String>> {
        match self.last_seen.get(key) {
            Some(text) => Ok(Some(text.to_string())),
            None => Ok(self.read(call, options, (id, key), None).await?.map(|found| found.text)),
        }
    }

    async fn values(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        keys: &[Key],
    ) -> Result<Vec<Option<String>>> {
        if options.is_consistent { call.get_many_from_primary(keys).await } else { call.get_many(keys).await }
    }

    async fn swap(&self, call: &Timed<'_, S>, key: &Key, expected: &str, new: &Stamped) -> Result<Swap> {
        let swap = call.compare_and_set(key, expected, &new.text, None).await?;
        match &swap {
            Swap::Done => self.remember(key, &new.text),
            Swap::Absent => self.forget(key),
            Swap::Changed(other) => self.remember(key, other),
        }
        Ok(swap)
    }

    /// The session, if one of its last writes was made by this caller, whose reply was lost.
    fn made_before(
        &self,
        options: &SessionOptions,
        record: &Record<'_>,
        stamps: &[String],
    ) -> Option<String> {
        stamps.iter().any(|stamp| record.has_stamp(stamp)).then(|| record.to_json(options))
    }

    /// A session that is not over, whatever has been revoked.
    fn live<'a>(&self, options: &SessionOptions, text: &'a str) -> Option<Record<'a>> {
        Record::parse(text).filter(|record| self.is_young(options, record))
    }

    fn is_young(&self, options: &SessionOptions, record: &Record<'_>) -> bool {
        options.time_left(record.created_at, self.clock.lifetime_now()).is_some()
    }

    /// Whether a touch is due. It counts as made.
    fn begin_touch(&self, options: &SessionOptions, key: &Key) -> bool {
        let now = self.clock.steady();
        let is_due = self.touched.get(key.as_str()).is_none_or(|before| !options.is_soon(before, now));
        if is_due {
            self.touched.insert(key.as_str().to_owned(), now);
        }
        is_due
    }

    async fn extend(&self, call: &Timed<'_, S>, options: &SessionOptions, key: &Key) -> Result<bool> {
        let now: UnixMillis = self.clock.lifetime_now();
        let created_at = self.last_seen.get(key).and_then(|text| Some(Record::parse(&text)?.created_at));
        // Of a session that this process has not seen, it does not know the age, which every reader looks at.
        match options.time_left(created_at.unwrap_or(now), now) {
            Some(ttl) => call.expire(key, ttl).await,
            None => Ok(false),
        }
    }

    fn remember(&self, key: &Key, text: &str) {
        self.last_seen.remember(key, text);
    }

    fn forget(&self, key: &Key) {
        self.last_seen.forget(key);
        self.touched.remove(key.as_str());
    }
}

fn session_json(text: &str, options: &SessionOptions) -> String {
    Record::parse(text).map(|record| record.to_json(options)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
