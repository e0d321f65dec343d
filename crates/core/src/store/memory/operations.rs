//! What each operation does to the entries, as Redis would.

use super::entries::{Entries, Entry};
use crate::clock::{Clock, SteadyMillis};
use crate::keys::{Expiry, Key, loggable_prefix};
use crate::store::{ClaimOrRead, Guess, Operation, Output, Swap, Write};
use crate::{Error, Result};

/// An operation adds one entry at most, so freeing two keeps up, and none pays for many that expired together.
const FREED_PER_OPERATION: usize = 2;

impl Entries {
    pub(super) fn run(&mut self, operation: Operation<'_>, clock: &Clock) -> Result<Output> {
        let now = clock.steady();
        self.free_expired(now, FREED_PER_OPERATION);
        match operation {
            Operation::Get { key } => Ok(Output::Value(self.value(key, now))),
            Operation::GetMany { keys } | Operation::GetManyFromPrimary { keys } => {
                Ok(Output::Values(keys.iter().map(|key| self.value(key, now)).collect()))
            }
            Operation::Set { key, value, expiry } => {
                self.put(key, value, expiry.expires_at(clock), now).map(|()| Output::Done)
            }
            Operation::SetIfAbsent { key, value, ttl } => {
                let is_absent = self.live(key, now).is_none();
                if is_absent {
                    self.put(key, value, Expiry::After(ttl).expires_at(clock), now)?;
                }
                Ok(Output::Flag(is_absent))
            }
            Operation::ClaimOrRead { key, value, ttl, also } => {
                let held = self.value(key, now);
                if held.is_none() {
                    self.put(key, value, Expiry::After(ttl).expires_at(clock), now)?;
                }
                let also = also.iter().map(|key| self.value(key, now)).collect();
                Ok(Output::Claim(ClaimOrRead { held, also }))
            }
            Operation::Delete { keys } => {
                let removed = keys.iter().filter(|key| self.take(key, now).is_some());
                Ok(Output::Count(removed.count() as u64))
            }
            Operation::Release { key } => Ok(Output::Flag(self.take(key, now).is_some())),
            Operation::Exists { key } => Ok(Output::Flag(self.live(key, now).is_some())),
            Operation::NextNumber { key } => self.increment(key, 1, None, now).map(Output::Sum),
            Operation::Increment { key, by } => self.increment(key, by, None, now).map(Output::Sum),
            Operation::IncrementWithin { key, by, ttl } => {
                let expires_at = Expiry::After(ttl).expires_at(clock);
                self.increment(key, by, expires_at, now).map(Output::Sum)
            }
            Operation::SetUnless { key, value, unless, ttl } => {
                let may_set = self.live(key, now).is_none_or(|entry| entry.value() != unless);
                if may_set {
                    self.put(key, value, Expiry::After(ttl).expires_at(clock), now)?;
                }
                Ok(Output::Flag(may_set))
            }
            Operation::Revoke { key, left: Some((value, ttl)) } => {
                self.put(key, value, Expiry::After(ttl).expires_at(clock), now).map(|()| Output::Done)
            }
            Operation::Revoke { key, left: None } => {
                self.remove(key);
                Ok(Output::Done)
            }
            Operation::Scan { prefix } => {
                let live = self.by_key.iter().filter(|entry| entry.is_live(now));
                let names = live.map(Entry::key).filter(|name| name.starts_with(prefix));
                Ok(Output::Names(names.map(str::to_owned).collect()))
            }
            Operation::Expire { key, ttl } => {
                self.expire(key, |_| true, Expiry::After(ttl).expires_at(clock), now).map(Output::Flag)
            }
            Operation::ExpireUnless { key, unless, ttl } => {
                let expires_at = Expiry::After(ttl).expires_at(clock);
                self.expire(key, |value| value != unless, expires_at, now).map(Output::Flag)
            }
            Operation::GetAndDelete { key } => Ok(Output::Value(self.take(key, now))),
            Operation::CompareAndSet { key, expected, new, ttl } => match self.live(key, now) {
                None => Ok(Output::Swap(Swap::Absent)),
                Some(entry) if entry.value() != expected => {
                    Ok(Output::Swap(Swap::Changed(entry.value().to_owned())))
                }
                Some(entry) => {
                    let kept = entry.expires_at;
                    let expires_at = ttl.map_or(kept, |ttl| Expiry::After(ttl).expires_at(clock));
                    self.put(key, new, expires_at, now)?;
                    Ok(Output::Swap(Swap::Done))
                }
            },
            Operation::CompareAndDelete { key, expected } => {
                let matches = self.live(key, now).is_some_and(|entry| entry.value() == expected);
                if matches {
                    self.remove(key);
                }
                Ok(Output::Flag(matches))
            }
            Operation::Admit { limits } => self.admit(limits, now).map(Output::Admission),
            Operation::Verify { key, hash } => self.verify(key, hash, now).map(Output::Guess),
            Operation::Apply { writes } => self.apply(writes, clock).map(|()| Output::Done),
        }
    }

    fn expire(
        &mut self,
        key: &Key,
        may_expire: impl FnOnce(&str) -> bool,
        expires_at: Option<SteadyMillis>,
        now: SteadyMillis,
    ) -> Result<bool> {
        let value = self.value(key, now).filter(|value| may_expire(value));
        if let Some(value) = &value {
            self.put(key, value, expires_at, now)?;
        }
        Ok(value.is_some())
    }

    /// `expires_at` is for a counter that has no expiry.
    fn increment(
        &mut self,
        key: &Key,
        by: i64,
        expires_at: Option<SteadyMillis>,
        now: SteadyMillis,
    ) -> Result<i64> {
        let refused = |text: &str| Error::refused("INCRBY", loggable_prefix(key.as_str()), text);
        let (old, expires_at) = match self.live(key, now) {
            None => (0, expires_at),
            Some(entry) => {
                let number = redis_integer(entry.value())
                    .ok_or_else(|| refused("ERR value is not an integer or out of range"))?;
                (number, entry.expires_at.or(expires_at))
            }
        };
        let sum = old.checked_add(by).ok_or_else(|| refused("ERR increment or decrement would overflow"))?;
        self.put(key, &sum.to_string(), expires_at, now)?;
        Ok(sum)
    }

    fn verify(&mut self, key: &Key, hash: &str, now: SteadyMillis) -> Result<Guess> {
        let Some(entry) = self.live(key, now) else { return Ok(Guess::Absent) };
        let expires_at = entry.expires_at;
        let guess = Guess::at(entry.value().to_owned(), hash);
        match &guess {
            Guess::Absent => {}
            Guess::Wrong { after, .. } => self.put(key, after, expires_at, now)?,
            Guess::Right { .. } | Guess::Locked { .. } => drop(self.remove(key)),
        }
        Ok(guess)
    }

    fn apply(&mut self, writes: &[Write], clock: &Clock) -> Result<()> {
        let now = clock.steady();
        let keys = writes.iter().map(Write::key);
        let before: Vec<_> = keys.map(|key| (key, self.live(key, now).cloned())).collect();
        for write in writes {
            let written = match write {
                Write::Set { key, value, expiry } => self.put(key, value, expiry.expires_at(clock), now),
                Write::Delete { key } => {
                    self.remove(key);
                    Ok(())
                }
            };
            if written.is_err() {
                self.restore(before);
                return written;
            }
        }
        Ok(())
    }

    /// Undoes a group that did not fit.
    fn restore(&mut self, before: Vec<(&Key, Option<Entry>)>) {
        for (key, entry) in before {
            self.remove(key);
            if let Some(entry) = entry {
                self.insert(key, entry.value(), entry.expires_at);
            }
        }
    }
}

/// The integer that Redis would read from `text`: no sign but a minus, no leading zero, no space.
fn redis_integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}
