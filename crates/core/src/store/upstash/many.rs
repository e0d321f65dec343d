//! Operations of several commands that are not conditions.

use std::collections::HashSet;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::UpstashStore;
use super::conditional::expire_command;
use crate::keys::{Key, Ttl};
use crate::upstash::{Command, Reply};
use crate::{Error, Result};

/// How many keys a step of a scan looks at.
const SCAN_COUNT: u32 = 1_000;

impl UpstashStore {
    /// GETEX counts as a write, which the primary answers, and without an option it changes nothing.
    pub(super) async fn get_many_from_primary(
        &self,
        keys: &[Key],
        deadline: Instant,
    ) -> Result<Vec<Option<String>>> {
        let read = |key| self.client.run_by(Command::new("GETEX").key(key).idempotent(), deadline);
        let replies = join_all(keys.iter().map(read)).await;
        replies.into_iter().map(|reply| reply?.into_text()).collect()
    }

    /// Two commands of one request: a counter that has lost its TTL gets one again.
    pub(super) async fn increment_within(
        &self,
        key: &Key,
        by: i64,
        ttl: Ttl,
        deadline: Instant,
    ) -> Result<i64> {
        let increment = self.client.run_by(Command::new("INCRBY").key(key).number(by), deadline);
        let expire = self.client.run_by(expire_command(key, ttl).if_absent(), deadline);
        let (sum, expired) = tokio::join!(increment, expire);
        let sum = sum?.into_integer()?;
        // The sum is there, so an error of the other command would be taken for one of both.
        match expired {
            Err(error) if !error.is_outage() => Err(error),
            _ => Ok(sum),
        }
    }

    /// A key can come several times.
    pub(super) async fn scan(&self, prefix: &str, deadline: Instant) -> Result<Vec<String>> {
        let pattern = pattern(prefix);
        let mut names = HashSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let command = Command::new("SCAN").arg(&cursor).arg("MATCH").arg(&pattern);
            let command = command.arg("COUNT").number(SCAN_COUNT).idempotent();
            let reply = self.client.run_by(command, deadline).await?;
            let Reply::Array(parts) = reply else { return Err(reply.unexpected("a cursor and keys")) };
            let [next, found] = <[Reply; 2]>::try_from(parts)
                .map_err(|_| Error::protocol(200, "SCAN was not answered by a cursor and keys"))?;
            let Reply::Array(found) = found else { return Err(found.unexpected("an array of keys")) };
            for name in found {
                names.extend(name.into_text()?);
            }
            cursor = next.into_text()?.unwrap_or_default();
            if cursor == "0" {
                return Ok(names.into_iter().collect());
            }
        }
    }
}

/// What SCAN matches names with that begin with `prefix`, whatever is in it.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for c in prefix.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '^' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('*');
    pattern
}
