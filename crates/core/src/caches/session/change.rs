//! Changes of a session: compare-and-set, tried again on the newer text when another change came first.

use std::time::Duration;

use super::options::SessionOptions;
use super::record::{Record, SessionChange, Stamped};
use super::{Sessions, TRIES};
use crate::clock::SteadyMillis;
use crate::keys::Key;
use crate::store::{Store, Swap, Timed};
use crate::{Error, Result};

/// How a change has ended.
pub enum Changed {
    /// It is made; this is the session as JSON.
    Done(String),
    /// There is no such session.
    Absent,
    /// Another change came first. As JSON, what [`begin_change`](Sessions::begin_change) returns, of the text to change
    /// instead.
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

/// Methods have the errors of [`Store`].
impl<S: Store> Sessions<S> {
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
            if let Some(session) = made_before(options, &record, &stamps) {
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

    /// What a change begins with: as JSON, the text to change, its data, the milliseconds that were spent, and whether the
    /// text may be outdated, because it is the one last seen. `None` if there is no such session. With `reads`, the text is
    /// read from the store.
    pub async fn begin_change(
        &self,
        options: &SessionOptions,
        id: &str,
        reads: bool,
    ) -> Result<Option<String>> {
        let start = self.clock.steady();
        let key = options.key(id)?;
        let seen = if reads { None } else { self.last_seen.get(&key) };
        let is_seen = seen.is_some();
        let text = if let Some(text) = seen {
            text.to_string()
        } else {
            let call = Timed::begin(&*self.store);
            let text = self.read(&call, options, (id, &key), None, |found| found.text.to_owned());
            let Some(text) = text.await? else { return Ok(None) };
            text
        };
        Ok(self.live(options, &text).map(|record| record.to_basis_json(&text, self.since(start), is_seen)))
    }

    /// Replaces the data of the text `basis`. `spent` are the milliseconds that the same change has waited before, and
    /// `tries` is how often it was tried: all tries have one deadline, to which the time of the caller does not count.
    ///
    /// # Errors
    ///
    /// A conflict when it was tried often enough; an invalid field when the session would get another user.
    pub async fn change(
        &self,
        options: &SessionOptions,
        id: &str,
        (basis, data): (&str, &str),
        (spent, tries): (u64, u32),
    ) -> Result<Changed> {
        let start = self.clock.steady();
        let key = options.key(id)?;
        let Some(record) = self.live(options, basis) else { return Ok(Changed::Absent) };
        let written = record.replaced(data, self.clock.lifetime_now())?;
        let call = Timed::begun(&*self.store, Duration::from_millis(spent));
        let text = match self.swap(&call, &key, basis, &written).await? {
            Swap::Done => return Ok(Changed::Done(session_json(&written.text, options))),
            Swap::Absent => return Ok(Changed::Absent),
            Swap::Changed(text) => text,
        };
        let Some(record) = self.live(options, &text) else { return Ok(Changed::Absent) };
        if let Some(session) = made_before(options, &record, &[written.stamp]) {
            return Ok(Changed::Done(session));
        }
        if tries + 1 >= TRIES {
            return Err(Error::conflict("the session"));
        }
        Ok(Changed::Again(record.to_basis_json(&text, spent.saturating_add(self.since(start)), false)))
    }

    fn since(&self, start: SteadyMillis) -> u64 {
        self.clock.steady().saturating_sub(start)
    }

    /// The text last seen, or else that of a session that counts.
    pub(super) async fn known(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, key): (&str, &Key),
    ) -> Result<Option<String>> {
        match self.last_seen.get(key) {
            Some(text) => Ok(Some(text.to_string())),
            None => self.read(call, options, (id, key), None, |found| found.text.to_owned()).await,
        }
    }

    pub(super) async fn swap(
        &self,
        call: &Timed<'_, S>,
        key: &Key,
        expected: &str,
        new: &Stamped,
    ) -> Result<Swap> {
        let swap = call.compare_and_set(key, expected, &new.text, None).await?;
        match &swap {
            Swap::Done => self.remember(key, &new.text),
            Swap::Absent => self.forget(key),
            Swap::Changed(other) => self.remember(key, other),
        }
        Ok(swap)
    }
}

/// What the caller gets of a text that was just written.
pub(super) fn session_json(text: &str, options: &SessionOptions) -> String {
    #[expect(clippy::expect_used, reason = "it was made of data that was parsed before")]
    Record::parse(text).expect("the text of a session").to_json(options)
}

/// The session, if one of its last writes was made by this caller, whose reply was lost.
fn made_before(options: &SessionOptions, record: &Record<'_>, stamps: &[String]) -> Option<String> {
    stamps.iter().any(|stamp| record.has_stamp(stamp)).then(|| record.to_json(options))
}
