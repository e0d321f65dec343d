//! Form submissions and their status.
//!
//! A submission has a `status` and a `timestamp`. All other fields are the form's own: they are kept and not looked at.
//!
//! A change of status replaces `status` and `timestamp` in the stored text and no other byte. It uses compare-and-set, so
//! it never restores an expired or deleted entry and never overwrites a change by another process.

use std::sync::Arc;

use super::last_seen::LastSeen;
use super::read;
use crate::clock::Clock;
use crate::json::{self, Field, FieldType, Object};
use crate::keys::{Expiry, FORM, FORM_COMPLETED_TTL_SECONDS, Key, Ttl};
use crate::store::{Store, Swap, Timed};
use crate::{Error, Result};

const PROCESSING: &str = "\"processing\"";
const COMPLETED: &str = "\"completed\"";
const FAILED: &str = "\"failed\"";

const STATUS: Field = Field::required("status", FieldType::OneOf(&["processing", "completed", "failed"]));
const TIMESTAMP: Field = Field::required("timestamp", FieldType::Number);

/// The maximum bytes of all texts last seen.
const LAST_SEEN_BYTES: u64 = 1024 * 1024;

/// Tracks form submissions and blocks duplicates.
pub struct FormCache<S> {
    store: Arc<S>,
    clock: Clock,
    last_seen: LastSeen,
}

/// The JSON text of a submission.
pub struct Submission(String);

impl Submission {
    /// Takes the caller's JSON text of a whole submission.
    ///
    /// # Errors
    ///
    /// When `status` or `timestamp` is missing or wrong. `argument` names the submission in the error.
    pub fn from_json(argument: &str, text: String) -> Result<Self> {
        parse(argument, &text, &[TIMESTAMP, STATUS])?;
        Ok(Self(text))
    }

    /// Takes the caller's JSON text of a submission without a status, and sets its status to `processing`.
    ///
    /// # Errors
    ///
    /// When `timestamp` is missing or wrong. `argument` names the submission in the error.
    pub fn processing_from_json(argument: &str, text: &str) -> Result<Self> {
        Ok(Self(parse(argument, text, &[TIMESTAMP])?.with(&[("status", PROCESSING)])))
    }
}

fn parse<'a>(argument: &str, text: &'a str, shape: &[Field]) -> Result<Object<'a>> {
    let object =
        Object::parse(text).ok_or_else(|| Error::invalid_field(argument, "must turn into a JSON object"))?;
    json::check(argument, &object, shape)?;
    Ok(object)
}

/// Parses a stored text. `None` if it is corrupt.
fn stored(text: &str) -> Option<Object<'_>> {
    parse("entry", text, &[TIMESTAMP, STATUS]).ok()
}

/// Methods have the errors of [`Store`]. Keys come from [`FORM`].
impl<S: Store> FormCache<S> {
    /// A cache on `store`. `clock` gives the timestamps of changes.
    #[must_use]
    pub fn new(store: Arc<S>, clock: Clock) -> Self {
        Self { store, clock, last_seen: LastSeen::new(LAST_SEEN_BYTES) }
    }

    /// Stores a submission for `ttl`, by default five minutes.
    pub async fn set(&self, key: &Key, submission: &Submission, ttl: Option<Ttl>) -> Result<()> {
        let expiry = Expiry::After(FORM.ttl_or_default(ttl));
        self.store.set(key, &submission.0, expiry).await?;
        self.remember(key, &submission.0);
        Ok(())
    }

    /// The JSON text of the submission. `None` if it is absent, expired or corrupt.
    pub async fn get(&self, key: &Key) -> Result<Option<String>> {
        let text = read(&*self.store, key, |text| stored(text).is_some()).await?;
        if let Some(text) = &text {
            self.remember(key, text);
        }
        Ok(text)
    }

    /// Whether the status of the submission is `processing`.
    pub async fn is_processing(&self, key: &Key) -> Result<bool> {
        let text = self.get(key).await?;
        let status =
            text.as_deref().and_then(stored).and_then(|object| object.get("status").and_then(json::text));
        Ok(status.is_some_and(|status| status == "processing"))
    }

    /// Claims the submission. Returns `true` to exactly one of all concurrent callers, on any number of instances. Returns
    /// `false` if there is an entry, whatever its status.
    pub async fn try_acquire_processing(
        &self,
        key: &Key,
        submission: &Submission,
        ttl: Option<Ttl>,
    ) -> Result<bool> {
        let acquired = self.store.set_if_absent(key, &submission.0, FORM.ttl_or_default(ttl)).await?;
        if acquired {
            self.remember(key, &submission.0);
        }
        Ok(acquired)
    }

    /// Marks the submission as completed for `ttl`, by default five seconds. Does nothing if there is no entry.
    pub async fn mark_completed(&self, key: &Key, ttl: Option<Ttl>) -> Result<()> {
        let ttl = ttl.unwrap_or_else(|| Ttl::from_whole_seconds(FORM_COMPLETED_TTL_SECONDS));
        self.mark(key, COMPLETED, ttl).await
    }

    /// Marks the submission as failed for `ttl`, by default five minutes. Does nothing if there is no entry.
    pub async fn mark_failed(&self, key: &Key, ttl: Option<Ttl>) -> Result<()> {
        self.mark(key, FAILED, FORM.ttl_or_default(ttl)).await
    }

    /// Sets the TTL of the submission, by default to five minutes. Returns `false` if there is no entry.
    pub async fn extend(&self, key: &Key, ttl: Option<Ttl>) -> Result<bool> {
        self.store.expire(key, FORM.ttl_or_default(ttl)).await
    }

    /// Deletes the submission.
    pub async fn delete(&self, key: &Key) -> Result<()> {
        self.last_seen.forget(key);
        self.store.release(key).await.map(drop)
    }

    /// Needs one request if this process has seen the entry, otherwise a read before it. Each concurrent change by another
    /// process needs one more.
    async fn mark(&self, key: &Key, status: &str, ttl: Ttl) -> Result<()> {
        let store = Timed::begin(&*self.store);
        let mut expected = match self.last_seen.get(key) {
            Some(text) => text.to_string(),
            None => match store.get(key).await? {
                Some(text) => text,
                None => return Ok(()),
            },
        };
        loop {
            let Some(submission) = stored(&expected) else {
                return store.remove_corrupt(key, &expected).await;
            };
            let marked = submission.with(&[("status", status), ("timestamp", &self.clock.now().to_string())]);
            match store.compare_and_set(key, &expected, &marked, Some(ttl)).await? {
                Swap::Done => {
                    self.remember(key, &marked);
                    return Ok(());
                }
                Swap::Absent => return Ok(()),
                // The stored text has bytes that are not UTF-8. No compare-and-set can match them.
                Swap::Changed(text) if text == expected => return Ok(()),
                Swap::Changed(text) => expected = text,
            }
        }
    }

    fn remember(&self, key: &Key, text: &str) {
        self.last_seen.remember(key, text);
    }
}

#[cfg(test)]
mod tests;
