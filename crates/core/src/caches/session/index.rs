//! The list of a user's sessions: a JSON array of `[name, createdAt]`, the newest last.
//!
//! It is a help for a list of devices. What ends a session is its own key or the epoch of its user, never this list.

use super::options::{SessionOptions, index_key};
use crate::clock::UnixMillis;
use crate::json::to_json;
use crate::keys::Key;
use crate::store::{Store, Swap};
use crate::{Error, Result};

/// The most sessions in a list. The oldest ones leave it first; they go on living.
const MOST: usize = 100;
/// How often a change is tried.
const TRIES: usize = 8;

type Entry = (String, UnixMillis);

/// The names of the sessions in a list; none if it is absent or corrupt.
pub(super) fn names(text: Option<&str>) -> Vec<String> {
    entries(text).into_iter().map(|(name, _)| name).collect()
}

fn entries(text: Option<&str>) -> Vec<Entry> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Adds a session to the list of its user, in the place of the one from which it has moved, if any.
pub(super) async fn add<S: Store>(
    store: &S,
    options: &SessionOptions,
    tag: &str,
    (name, moved_from): (&str, Option<&str>),
    (created_at, now): (UnixMillis, UnixMillis),
) -> Result<()> {
    let key: Key = index_key(tag)?;
    let mut held = store.get(&key).await?;
    for _ in 0..TRIES {
        let mut entries = entries(held.as_deref());
        entries.retain(|(other, created_at)| {
            options.expires_at(*created_at) > now && Some(other.as_str()) != moved_from
        });
        entries.push((name.to_owned(), created_at));
        let text = to_json(&&entries[entries.len().saturating_sub(MOST)..]);
        held = match &held {
            None if store.set_if_absent(&key, &text, options.absolute).await? => return Ok(()),
            None => store.get(&key).await?,
            Some(expected) => {
                match store.compare_and_set(&key, expected, &text, Some(options.absolute)).await? {
                    Swap::Done => return Ok(()),
                    Swap::Absent => None,
                    Swap::Changed(other) => Some(other),
                }
            }
        };
    }
    Err(Error::conflict("the list of a user's sessions"))
}
