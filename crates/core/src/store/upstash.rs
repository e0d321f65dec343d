//! Values in an Upstash database: each primitive as Redis commands.
//!
//! Upstash has commands for compare-and-set; Redis before 8.4 needs a script.

mod admission;
mod claims;
mod conditional;
mod many;
mod replay;
mod scripts;
mod takes;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::claims::Claims;
use self::conditional::SetUnless;
use super::{Operation, Output, RemoteStore, Replay, Store, Write};
use crate::clock::Clock;
use crate::keys::{Expiry, Key};
use crate::upstash::{Client, Command, Reply, RequestMetrics, Script};
use crate::{Error, Result};

/// A database behind Upstash's REST protocol.
#[derive(Clone)]
pub struct UpstashStore {
    client: Client,
    clock: Clock,
    claims: Arc<Claims>,
}

impl UpstashStore {
    /// The database that `client` speaks to.
    #[must_use]
    pub fn new(client: Client, clock: Clock) -> Self {
        Self { client, clock, claims: Arc::default() }
    }

    /// The metrics of the requests.
    #[must_use]
    pub fn request_metrics(&self) -> &RequestMetrics {
        self.client.request_metrics()
    }

    /// A SET. If it has expired already, a DEL, which has the same effect: what Upstash does with such a SET is not
    /// documented.
    fn set_command(&self, key: &Key, value: &str, expiry: Expiry) -> Command {
        match expiry {
            Expiry::At(expires_at) if expires_at <= self.clock.now() => delete(std::slice::from_ref(key)),
            _ => set(key, value, expiry),
        }
    }

    async fn transaction(&self, writes: &[Write], deadline: Instant) -> Result<()> {
        let commands = writes.iter().map(|write| match write {
            Write::Set { key, value, expiry } => self.set_command(key, value, *expiry),
            Write::Delete { key } => delete(std::slice::from_ref(key)),
        });
        let replies = self.client.transaction(commands.collect(), deadline).await?;
        replies.into_iter().find_map(Result::err).map_or(Ok(()), Err::<(), Error>)
    }

    /// Runs a script that changes nothing when the key holds a text other than `ours`. What it stores is one of them, so
    /// it can be sent again.
    async fn unless_changed(
        &self,
        script: &Script,
        key: &Key,
        with_arguments: impl Fn(Command) -> Command,
        ours: &[Arc<str>],
        deadline: Instant,
    ) -> Result<bool> {
        let with_all = |command| {
            ours.iter().fold(with_arguments(command), |command, text| command.arg(text)).idempotent()
        };
        Ok(self.client.eval(script, key, with_all, deadline).await? == Reply::Integer(1))
    }
}

fn set(key: &Key, value: &str, expiry: Expiry) -> Command {
    Command::new("SET").key(key).arg(value).expiry(expiry)
}

fn delete(keys: &[Key]) -> Command {
    Command::new("DEL").keys(keys)
}

impl Store for UpstashStore {
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        self.execute_by(operation, Instant::now() + self.client.timeout()).await
    }

    /// What takes more than one command is boxed, because every call's future is as large as the largest arm.
    async fn execute_by(&self, operation: Operation<'_>, deadline: Instant) -> Result<Output> {
        let run = |command| self.client.run_by(command, deadline);
        match operation {
            Operation::Get { key } => run(Command::new("GET").key(key)).await?.into_text().map(Output::Value),
            Operation::GetMany { keys: [] } | Operation::GetManyFromPrimary { keys: [] } => {
                Ok(Output::Values(Vec::new()))
            }
            Operation::GetManyFromPrimary { keys } => {
                Box::pin(self.get_many_from_primary(keys, deadline)).await.map(Output::Values)
            }
            Operation::GetMany { keys } => {
                let reply = run(Command::new("MGET").keys(keys)).await?;
                reply.into_texts(keys.len()).map(Output::Values)
            }
            Operation::Set { key, value, expiry } => match run(self.set_command(key, value, expiry)).await? {
                Reply::Ok | Reply::Integer(_) => Ok(Output::Done),
                other => Err(other.unexpected("OK")),
            },
            Operation::SetIfAbsent { key, value, ttl } => {
                Box::pin(self.claim(key, value, ttl, deadline)).await.map(Output::Flag)
            }
            Operation::ClaimOrRead { key, value, ttl, also } => {
                let claim = self.claim_or_read(key, value, ttl, also, deadline);
                Box::pin(claim).await.map(Output::Claim)
            }
            Operation::Delete { keys: [] } => Ok(Output::Count(0)),
            Operation::Delete { keys } => {
                let count = run(delete(keys)).await?.into_integer()?;
                Ok(Output::Count(count.unsigned_abs()))
            }
            Operation::Release { key } => {
                Ok(Output::Flag(run(delete(std::slice::from_ref(key))).await?.into_integer()? == 1))
            }
            Operation::Exists { key } => {
                Ok(Output::Flag(run(Command::new("EXISTS").key(key)).await?.into_integer()? == 1))
            }
            Operation::Increment { key, by } => {
                run(Command::new("INCRBY").key(key).number(by)).await?.into_integer().map(Output::Sum)
            }
            Operation::IncrementWithin { key, by, ttl } => {
                Box::pin(self.increment_within(key, by, ttl, deadline)).await.map(Output::Sum)
            }
            Operation::SetUnless { key, value, unless, ttl } => {
                let set = SetUnless { value, unless, ttl, needs_key: false };
                Box::pin(self.set_unless(key, set, deadline)).await.map(Output::Flag)
            }
            Operation::Revoke { key, left } => {
                let command = match left {
                    Some((value, ttl)) => set(key, value, Expiry::After(ttl)),
                    None => delete(std::slice::from_ref(key)),
                };
                run(command.idempotent()).await.map(|_| Output::Done)
            }
            Operation::Scan { prefix } => Box::pin(self.scan(prefix, deadline)).await.map(Output::Names),
            Operation::NextNumber { key } => {
                // Sent twice, it skips a number, and nobody misses that.
                let next = Command::new("INCRBY").key(key).number(1).idempotent();
                run(next).await?.into_integer().map(Output::Sum)
            }
            Operation::Expire { key, ttl } => {
                Box::pin(self.expire(key, None, ttl, deadline)).await.map(Output::Flag)
            }
            Operation::ExpireUnless { key, unless, ttl } => {
                Box::pin(self.expire(key, Some(unless), ttl, deadline)).await.map(Output::Flag)
            }
            Operation::GetAndDelete { key } => Box::pin(self.take(key, deadline)).await.map(Output::Value),
            Operation::CompareAndSet { key, expected, new, ttl } => {
                let swap = self.compare_and_set(key, expected, new, ttl, deadline);
                Box::pin(swap).await.map(Output::Swap)
            }
            Operation::CompareAndDelete { key, expected } => {
                Box::pin(self.compare_and_delete(key, expected, deadline)).await.map(Output::Flag)
            }
            Operation::Admit { limits } => {
                Box::pin(self.admit(limits, deadline)).await.map(Output::Admission)
            }
            Operation::Verify { key, hash } => {
                Box::pin(self.verify_hash(key, hash, deadline)).await.map(Output::Guess)
            }
            Operation::Apply { writes: [] } => Ok(Output::Done),
            Operation::Apply { writes } => {
                Box::pin(self.transaction(writes, deadline)).await.map(|()| Output::Done)
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(Instant::now() + self.client.timeout())
    }
}

impl RemoteStore for UpstashStore {
    fn timeout(&self) -> Duration {
        self.client.timeout()
    }

    async fn ping(&self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout.min(self.client.timeout());
        match self.client.run_by(Command::new("PING"), deadline).await? {
            Reply::Text(pong) if pong == "PONG" => Ok(()),
            other => Err(other.unexpected("PONG")),
        }
    }

    async fn replay(&self, key: &Key, replay: &Replay, deadline: Instant) -> Result<bool> {
        self.replay_write(key, replay, deadline).await
    }
}
