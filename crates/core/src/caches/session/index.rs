//! The list of a user's sessions: a JSON array of `[name, createdAt]`, by age, the newest last.
//!
//! It is a help for a list of devices. What ends a session is its own key or the epoch of its user, never this list, and a
//! session that it misses is one all the same.

use std::collections::HashSet;

use super::options::SessionOptions;
use super::record::Record;
use super::{Sessions, epoch};
use crate::clock::UnixMillis;
use crate::json::to_json;
use crate::keys::{Key, SESSION_INDEX};
use crate::store::{Store, Swap, Timed};
use crate::{Error, Result};

/// The most sessions in a list. The oldest ones leave it first; they go on living.
const MOST: usize = 100;
/// How often a change is tried. Each failure is the success of another caller, so that a crowd takes as many tries.
const TRIES: usize = 64;

type Entry = (String, UnixMillis);

/// The key of the list of the user with `tag`.
fn key(tag: &str) -> Result<Key> {
    SESSION_INDEX.key("userId", tag)
}

fn entries(text: Option<&str>) -> Vec<Entry> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Puts an entry in the place of the one from which it has moved, or else by its age.
fn put(entries: &mut Vec<Entry>, entry: &Entry, moved_from: Option<&str>) {
    // A write whose reply was lost may have put it there.
    entries.retain(|(name, _)| *name != entry.0);
    match entries.iter_mut().find(|(name, _)| Some(name.as_str()) == moved_from) {
        Some(place) => place.clone_from(entry),
        None => entries.push(entry.clone()),
    }
    entries.sort_by_key(|(_, created_at)| *created_at);
}

/// Methods have the errors of [`Store`].
impl<S: Store> Sessions<S> {
    /// The sessions of a user that are in the list, as a JSON array, the newest last.
    pub async fn list(&self, options: &SessionOptions, user_id: &str) -> Result<String> {
        let call = Timed::begin(&*self.store);
        let tag = options.tag(user_id);
        let index = self.values(&call, options, &[key(&tag)?]).await?.pop().flatten();
        let texts = self.texts_of(&call, options, &tag, &entries(index.as_deref())).await?;
        let sessions = texts.iter().flatten().filter_map(|text| {
            let record = Record::parse(text)?;
            (record.user_id == user_id).then(|| record.to_json(options))
        });
        Ok(format!("[{}]", sessions.collect::<Vec<_>>().join(",")))
    }

    /// Adds a session to the list of its user, in the place of the one from which it has moved, if any. Its failure is
    /// counted and does not fail the call, because the session is stored.
    pub(super) async fn add_to_list(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        tag: &str,
        entry: Entry,
        moved_from: Option<&str>,
    ) {
        if options.has_index
            && let Err(error) = self.try_add_to_list(call, options, tag, entry, moved_from).await
        {
            call.missed_in_list(&error);
        }
    }

    async fn try_add_to_list(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        tag: &str,
        entry: Entry,
        moved_from: Option<&str>,
    ) -> Result<()> {
        let key = key(tag)?;
        let mut ended: Option<HashSet<String>> = None;
        let mut held = call.get(&key).await?;
        for _ in 0..TRIES {
            let now = self.clock.lifetime_now();
            let mut entries = entries(held.as_deref());
            entries.retain(|(_, created_at)| options.expires_at(*created_at) > now);
            put(&mut entries, &entry, moved_from);
            if entries.len() > MOST && ended.is_none() {
                ended = Some(self.ended(call, options, tag, &entries).await?);
            }
            if let Some(ended) = &ended {
                entries.retain(|(name, _)| *name == entry.0 || !ended.contains(name));
            }
            let text = to_json(&&entries[entries.len().saturating_sub(MOST)..]);
            held = match &held {
                None if call.set_if_absent(&key, &text, options.absolute).await? => return Ok(()),
                None => call.get(&key).await?,
                Some(expected) => {
                    match call.compare_and_set(&key, expected, &text, Some(options.absolute)).await? {
                        Swap::Done => return Ok(()),
                        Swap::Absent => None,
                        Swap::Changed(other) => Some(other),
                    }
                }
            };
        }
        Err(Error::conflict("the list of a user's sessions"))
    }

    /// The names of the sessions that count no more.
    async fn ended(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        tag: &str,
        entries: &[Entry],
    ) -> Result<HashSet<String>> {
        let texts = self.texts_of(call, options, tag, entries).await?;
        let ended = entries.iter().zip(texts).filter(|(_, text)| text.is_none());
        Ok(ended.map(|((name, _), _)| name.clone()).collect())
    }

    /// The texts of the sessions of a list that count, in its order.
    async fn texts_of(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        tag: &str,
        entries: &[Entry],
    ) -> Result<Vec<Option<String>>> {
        let mut keys = vec![epoch::key(tag)?];
        for (name, _) in entries {
            keys.push(options.key_of_name(name)?);
        }
        let mut values = self.values(call, options, &keys).await?.into_iter();
        let epoch = values.next().flatten();
        let counts =
            |text: &String| self.live(options, text).is_some_and(|record| record.counts_in(epoch.as_deref()));
        Ok(values.map(|text| text.filter(counts)).collect())
    }
}

#[cfg(test)]
mod tests;
