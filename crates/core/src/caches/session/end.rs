//! The ends of sessions: of one, of all of a user, and of an id that is replaced by another.

use super::options::SessionOptions;
use super::record::moved;
use super::{Found, Sessions, TRIES, epoch, id};
use crate::caches::random::hash;
use crate::clock::UnixMillis;
use crate::keys::{Expiry, Key, Ttl};
use crate::store::{Store, Swap, Timed};
use crate::{Error, Result};

/// How long the text stands that a move leaves: until a lost reply has been looked up.
const MOVED_TTL: Ttl = Ttl::from_whole_seconds(5);

/// Methods have the errors of [`Store`].
impl<S: Store> Sessions<S> {
    /// Moves the session to a new id, which is returned; `None` if it is absent. Nobody finds it under both.
    ///
    /// # Errors
    ///
    /// A conflict when others have changed it each time.
    pub async fn rotate(&self, options: &SessionOptions, id: &str) -> Result<Option<String>> {
        let call = Timed::begin(&*self.store);
        let key = options.key(id)?;
        let take = |found: Found<'_>| (found.text.to_owned(), options.tag(&found.record.user_id));
        let Some((mut text, tag)) = self.read(&call, options, (id, &key), None, take).await? else {
            return Ok(None);
        };
        let new_id = id::new_id(&tag)?;
        let new_key = options.key(&new_id)?;
        let mut outcome = Err(Error::conflict("the session"));
        for _ in 0..TRIES {
            let now = self.clock.lifetime_now();
            let Some((created_at, ttl)) = self.times(options, &text, now) else {
                outcome = Ok(None);
                break;
            };
            // Nobody knows the new id before the old one is dead, and nothing is lost if this process ends in between.
            call.set(&new_key, &text, Expiry::After(ttl)).await?;
            match call.compare_and_set(&key, &text, &moved(), Some(MOVED_TTL)).await? {
                Swap::Done => {
                    self.forget(&key);
                    self.remember(&new_key, &text);
                    self.touches.note(&new_key, ttl);
                    let entry = (hash(&new_id), created_at);
                    self.add_to_list(&call, options, &tag, entry, Some(&hash(id))).await;
                    return Ok(Some(new_id));
                }
                Swap::Absent => {
                    outcome = Ok(None);
                    break;
                }
                Swap::Changed(other) => text = other,
            }
        }
        self.forget(&key);
        call.revoke(&new_key, None).await?;
        outcome
    }

    /// When a session was made, and how long it lives from now on; `None` if it is over.
    fn times(&self, options: &SessionOptions, text: &str, now: UnixMillis) -> Option<(UnixMillis, Ttl)> {
        let created_at = self.live(options, text)?.created_at;
        Some((created_at, options.time_left(created_at, now)?))
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
        let epoch_key = epoch::key(&options.tag(user_id))?;
        if let Some(id) = except
            && self.destroy_others(&call, options, (id, user_id), &epoch_key).await?
        {
            return Ok(());
        }
        let epoch = epoch::new(options, self.clock.lifetime_now())?;
        call.revoke(&epoch_key, Some((&epoch, epoch::ttl(options)))).await
    }

    /// Ends all sessions of a user but one, which counts all the time. Returns whether that is done: a session that does not
    /// count is not spared. The epoch is replaced only if it is still the one in which the session counted, so that no
    /// other revocation is undone.
    async fn destroy_others(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, user_id): (&str, &str),
        epoch_key: &Key,
    ) -> Result<bool> {
        let ttl = epoch::ttl(options);
        for _ in 0..TRIES {
            let Some((epoch, next)) = self.spare(call, options, (id, user_id)).await? else {
                return Ok(false);
            };
            let is_replaced = if epoch.is_empty() {
                call.set_if_absent(epoch_key, &next, ttl).await?
            } else {
                call.compare_and_set(epoch_key, &epoch, &next, Some(ttl)).await? == Swap::Done
            };
            if is_replaced {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Has a session count in an epoch that is to come, too. Returns the epoch in which it counts and the one to come;
    /// `None` if there is no such session, or others have changed it each time: then it ends with the others.
    async fn spare(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, user_id): (&str, &str),
    ) -> Result<Option<(String, String)>> {
        let key = options.key(id)?;
        for _ in 0..TRIES {
            let fresh = epoch::new(options, self.clock.lifetime_now())?;
            let take = |found: Found<'_>| {
                let Found { record, text, epoch } = found;
                // Another call is about to end the other sessions. Of two that spare a session, none ends it.
                if let Some(next) = record.epoch_after(epoch) {
                    return (epoch.to_owned(), next.to_owned(), None);
                }
                let write = (text.to_owned(), record.spared(epoch, &fresh));
                (epoch.to_owned(), fresh, Some(write))
            };
            let Some((epoch, next, write)) =
                self.read(call, options, (id, &key), Some(user_id), take).await?
            else {
                return Ok(None);
            };
            let Some((text, written)) = write else { return Ok(Some((epoch, next))) };
            match self.swap(call, &key, &text, &written).await? {
                Swap::Done => return Ok(Some((epoch, next))),
                Swap::Absent => return Ok(None),
                Swap::Changed(_) => {}
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
