//! The ends of sessions: of one, of all of a user, and of an id that is replaced by another.

use super::options::{SessionOptions, epoch_key};
use super::record::moved;
use super::{Found, Sessions, TRIES, id, index};
use crate::clock::UnixMillis;
use crate::keys::{Expiry, Ttl};
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
                    if options.has_index {
                        let (name, old) = (id::stored_name(&new_id), id::stored_name(id));
                        index::add(&call, options, &tag, (&name, Some(&old)), (created_at, now)).await?;
                    }
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
        let epoch_key = epoch_key(&options.tag(user_id))?;
        let epoch = id::new_epoch()?;
        if let Some(id) = except {
            self.spare(&call, options, (id, user_id), &epoch).await?;
        }
        call.revoke(&epoch_key, Some((&epoch, options.epoch_ttl()))).await
    }

    /// Makes a session count in the epoch that is to come, too, so that it counts all the time.
    pub(super) async fn spare(
        &self,
        call: &Timed<'_, S>,
        options: &SessionOptions,
        (id, user_id): (&str, &str),
        next: &str,
    ) -> Result<()> {
        let key = options.key(id)?;
        for _ in 0..TRIES {
            let take = |found: Found<'_>| (found.text.to_owned(), found.record.spared(found.epoch, next));
            let Some((text, written)) = self.read(call, options, (id, &key), Some(user_id), take).await?
            else {
                return Ok(());
            };
            match self.swap(call, &key, &text, &written).await? {
                Swap::Done | Swap::Absent => return Ok(()),
                Swap::Changed(_) => {}
            }
        }
        Err(Error::conflict("the session"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{SessionData, SessionOptions, Sessions};
    use crate::clock::Clock;
    use crate::config::MemoryLimits;
    use crate::json::Object;
    use crate::store::{MemoryStore, Operation, Output, Store, Swap};
    use crate::{Error, Result};
    /// A store in which another change always comes first.
    struct Contended(MemoryStore);

    impl Store for Contended {
        async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
            if let Operation::CompareAndSet { key, .. } = operation {
                let held = self.0.get(key).await?;
                return Ok(Output::Swap(held.map_or(Swap::Absent, Swap::Changed)));
            }
            self.0.execute(operation).await
        }
    }

    #[tokio::test]
    async fn a_session_that_could_not_move_for_other_changes_is_not_called_absent() {
        let store = Arc::new(Contended(MemoryStore::new(MemoryLimits::default(), Clock::system())));
        let sessions = Sessions::new(Arc::clone(&store), Clock::system());
        let options = SessionOptions::default();
        let data = SessionData::from_json("data", r#"{"userId":"u"}"#.into()).unwrap();
        let created = sessions.create(&options, &data).await.unwrap();
        let id = Object::parse(&created).unwrap().get("id").unwrap().trim_matches('"').to_owned();

        let moved = sessions.rotate(&options, &id).await;

        assert!(moved.as_ref().is_err_and(Error::is_conflict), "{moved:?}");
        assert!(sessions.get(&options, &id, false, None).await.unwrap().is_some());
        assert_eq!(store.scan("session:").await.unwrap().len(), 1);
    }
}
