//! [`FallbackStore`] behind the trait: for each primitive what becomes of the copies when Redis answers, what answers
//! without it, and what the call counts as.

use super::FallbackStore;
use crate::Result;
use crate::keys::{Expiry, Key, Ttl};
use crate::store::{Outcome, RemoteStore, Store, Swap, Write};

/// Asks the database if it is to be asked, which leaves its result, or else the outage that it ended in.
macro_rules! ask {
    ($self:ident, $keys:expr, $call:ident($($argument:expr),*)) => {
        match $self.remote_for($keys) {
            Some(remote) => $self.observe(remote.$call($($argument),*).await).map_err(Some),
            None => Err(None),
        }
    };
}

fn hit(is_there: bool) -> Outcome {
    if is_there { Outcome::Hit } else { Outcome::Miss }
}

impl<R: RemoteStore> Store for FallbackStore<R> {
    async fn get(&self, key: &Key) -> Result<Option<String>> {
        let mark = self.offline().stale.read_mark();
        match ask!(self, [key], get(key)) {
            Ok(result) => {
                if let Ok(value) = &result {
                    self.offline().stale.read(key, value.as_deref(), mark);
                }
                self.counted(result, |value| hit(value.is_some()))
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.get(key)),
                |offline| Ok(offline.get(key)),
                |value| hit(value.is_some()),
            ),
        }
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<String>>> {
        let any = |values: &Vec<Option<String>>| hit(values.iter().any(Option::is_some));
        let mark = self.offline().stale.read_mark();
        match ask!(self, keys, get_many(keys)) {
            Ok(result) => {
                if let Ok(values) = &result {
                    for (key, value) in keys.iter().zip(values) {
                        self.offline().stale.read(key, value.as_deref(), mark);
                    }
                }
                self.counted(result, any)
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.get_many(keys)),
                |offline| Ok(offline.get_many(keys)),
                any,
            ),
        }
    }

    async fn set(&self, key: &Key, value: &str, expiry: Expiry) -> Result<()> {
        let stored = |(): &()| Outcome::Stored;
        match ask!(self, [key], set(key, value, expiry)) {
            Ok(result) => {
                if result.is_ok() {
                    self.offline().stale.wrote(key, value, expiry);
                }
                self.counted(result, stored)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.set(key, value, expiry),
                |offline| offline.set(key, value, expiry),
                stored,
            ),
        }
    }

    async fn set_if_absent(&self, key: &Key, value: &str, ttl: Ttl) -> Result<bool> {
        let outcome = |is_granted: &bool| if *is_granted { Outcome::Stored } else { Outcome::Hit };
        match ask!(self, [key], set_if_absent(key, value, ttl)) {
            Ok(result) => {
                if let Ok(true) = result {
                    self.offline().stale.wrote(key, value, Expiry::After(ttl));
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.set_if_absent(key, value, ttl),
                |offline| offline.set_if_absent(key, value, ttl),
                outcome,
            ),
        }
    }

    async fn delete(&self, keys: &[Key]) -> Result<u64> {
        let stored = |_: &u64| Outcome::Stored;
        match ask!(self, keys, delete(keys)) {
            Ok(result) => {
                if result.is_ok() {
                    for key in keys {
                        self.offline().stale.removed(key);
                    }
                }
                self.counted(result, stored)
            }
            Err(outage) => {
                self.locally(outage, |memory| Ok(memory.delete(keys)), |offline| offline.delete(keys), stored)
            }
        }
    }

    async fn exists(&self, key: &Key) -> Result<bool> {
        let outcome = |is_there: &bool| hit(*is_there);
        match ask!(self, [key], exists(key)) {
            Ok(result) => self.counted(result, outcome),
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.exists(key)),
                |offline| Ok(offline.exists(key)),
                outcome,
            ),
        }
    }

    async fn increment(&self, key: &Key, by: i64) -> Result<i64> {
        let stored = |_: &i64| Outcome::Stored;
        match ask!(self, [key], increment(key, by)) {
            Ok(result) => {
                if let Ok(sum) = result {
                    self.offline().stale.counted(key, sum);
                }
                self.counted(result, stored)
            }
            // It may have been counted. To count again could count twice, so Redis keeps what it has.
            Err(Some(outage)) if !outage.is_certainly_not_executed() => self.locally(
                Some(outage),
                |memory| memory.increment(key, by),
                |offline| Ok(offline.estimate(key, by)),
                stored,
            ),
            Err(outage) => self.locally(
                outage,
                |memory| memory.increment(key, by),
                |offline| offline.increment(key, by),
                stored,
            ),
        }
    }

    async fn expire(&self, key: &Key, ttl: Ttl) -> Result<bool> {
        let outcome = |is_there: &bool| if *is_there { Outcome::Stored } else { Outcome::Miss };
        match ask!(self, [key], expire(key, ttl)) {
            Ok(result) => {
                if let Ok(true) = result {
                    self.offline().stale.expires(key, Expiry::After(ttl));
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.expire(key, ttl),
                |offline| offline.expire(key, ttl),
                outcome,
            ),
        }
    }

    async fn get_and_delete(&self, key: &Key) -> Result<Option<String>> {
        match ask!(self, [key], get_and_delete(key)) {
            Ok(result) => {
                if result.is_ok() {
                    self.offline().stale.removed(key);
                }
                self.counted(result, |value| hit(value.is_some()))
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.get_and_delete(key)),
                |offline| offline.get_and_delete(key),
                |value| hit(value.is_some()),
            ),
        }
    }

    async fn compare_and_set(&self, key: &Key, expected: &str, new: &str, ttl: Ttl) -> Result<Swap> {
        let outcome = |swap: &Swap| match swap {
            Swap::Done => Outcome::Stored,
            Swap::Absent => Outcome::Miss,
            Swap::Changed(_) => Outcome::Hit,
        };
        match ask!(self, [key], compare_and_set(key, expected, new, ttl)) {
            Ok(result) => {
                if let Ok(Swap::Done) = result {
                    self.offline().stale.wrote(key, new, Expiry::After(ttl));
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| memory.compare_and_set(key, expected, new, ttl),
                |offline| offline.compare_and_set(key, expected, new, ttl),
                outcome,
            ),
        }
    }

    async fn compare_and_delete(&self, key: &Key, expected: &str) -> Result<bool> {
        let outcome = |is_done: &bool| if *is_done { Outcome::Stored } else { Outcome::Miss };
        match ask!(self, [key], compare_and_delete(key, expected)) {
            Ok(result) => {
                if let Ok(true) = result {
                    self.offline().stale.removed(key);
                }
                self.counted(result, outcome)
            }
            Err(outage) => self.locally(
                outage,
                |memory| Ok(memory.compare_and_delete(key, expected)),
                |offline| offline.compare_and_delete(key, expected),
                outcome,
            ),
        }
    }

    async fn remove_corrupt(&self, key: &Key, text: &str) -> Result<()> {
        if self.compare_and_delete(key, text).await? {
            self.shared.metrics.removed_corrupt();
        }
        Ok(())
    }

    async fn apply(&self, writes: &[Write]) -> Result<()> {
        let stored = |(): &()| Outcome::Stored;
        match ask!(self, writes.iter().map(Write::key), apply(writes)) {
            Ok(result) => {
                if result.is_ok() {
                    for write in writes {
                        self.offline().stale.applied(write);
                    }
                }
                self.counted(result, stored)
            }
            Err(outage) => {
                self.locally(outage, |memory| memory.apply(writes), |offline| offline.apply(writes), stored)
            }
        }
    }
}
