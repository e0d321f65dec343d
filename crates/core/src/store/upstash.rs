//! Values in an Upstash database: each primitive as Redis commands.
//!
//! Compare-and-set needs a script, because only Redis 8.4 has a command for it. The scripts compare and swap whole
//! texts: a round trip through cjson would turn `[]` into `{}` and print numbers anew.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

use super::{Operation, Output, RemoteStore, Replay, Store, Swap, Write};
use crate::clock::{Clock, UnixMillis};
use crate::keys::{Expiry, Key, Ttl};
use crate::upstash::{Client, Command, Reply, RequestMetrics};
use crate::{Error, Result};

/// A database behind Upstash's REST protocol.
#[derive(Clone)]
pub struct UpstashStore {
    client: Client,
    clock: Clock,
}

impl UpstashStore {
    /// The database that `client` speaks to.
    #[must_use]
    pub fn new(client: Client, clock: Clock) -> Self {
        Self { client, clock }
    }

    /// A SET. If it has expired already, a DEL, which has the same effect: what Upstash does with such a SET is not
    /// documented.
    fn set_command(&self, key: &Key, value: &str, expiry: Expiry) -> Command {
        match expiry {
            Expiry::At(expires_at) if expires_at <= self.clock.now() => delete(std::slice::from_ref(key)),
            _ => set(key, value, expiry),
        }
    }

    /// The metrics of the requests.
    #[must_use]
    pub fn request_metrics(&self) -> &RequestMetrics {
        self.client.request_metrics()
    }

    /// Stores `value` unless the key exists. If the reply is lost, reads the key back: this call owns it if it holds
    /// `value`. Two instances with the same text cannot be told apart, so a claim should be unique, as with a time in it.
    async fn claim(&self, key: &Key, value: &str, ttl: Ttl, deadline: Instant) -> Result<bool> {
        let command = || set(key, value, Expiry::After(ttl)).if_absent();
        let mut reply = self.client.run_by(command(), deadline).await;
        while let Err(lost) = &reply
            && lost.is_outage()
            && !lost.is_certainly_not_executed()
            && Instant::now() < deadline
        {
            let holds = self.client.run_by(Command::new("GET").key(key), deadline).await?.into_text()?;
            match holds {
                Some(held) => return Ok(held == value),
                None => reply = self.client.run_by(command(), deadline).await,
            }
            if let Ok(Reply::Nil) = reply {
                // The first claim was executed after all, or another instance's.
                let holds = self.client.run_by(Command::new("GET").key(key), deadline).await?.into_text()?;
                return Ok(holds.as_deref() == Some(value));
            }
        }
        reply?.into_done()
    }

    async fn compare_and_swap(&self, key: &Key, expected: &str, new: &str, ttl: Ttl) -> Result<Swap> {
        let seconds = ttl.as_seconds();
        let reply = self
            .eval(&COMPARE_AND_SET, key, |command| command.arg(expected).arg(new).number(seconds))
            .await?;
        match reply {
            Reply::Integer(1) => Ok(Swap::Done),
            other => Ok(other.into_text()?.map_or(Swap::Absent, Swap::Changed)),
        }
    }

    async fn transaction(&self, writes: &[Write]) -> Result<()> {
        let commands = writes.iter().map(|write| match write {
            Write::Set { key, value, expiry } => self.set_command(key, value, *expiry),
            Write::Delete { key } => delete(std::slice::from_ref(key)),
        });
        let replies = self.client.transaction(commands.collect()).await?;
        replies.into_iter().find_map(Result::err).map_or(Ok(()), Err::<(), Error>)
    }

    /// Runs a script by its digest. If the server does not know it, as after a restart, a second request sends the
    /// source.
    async fn eval(
        &self,
        script: &Script,
        key: &Key,
        arguments: impl Fn(Command) -> Command,
    ) -> Result<Reply> {
        let command = |name, script: &str| arguments(Command::new(name).arg(script).arg("1").key(key));
        match self.client.run(command("EVALSHA", &script.digest)).await {
            Err(error) if error.is_unknown_script() => self.client.run(command("EVAL", script.source)).await,
            result => result,
        }
    }
}

struct Script {
    source: &'static str,
    digest: String,
}

impl Script {
    fn new(source: &'static str) -> Self {
        Self { source, digest: sha1_smol::Sha1::from(source).hexdigest() }
    }
}

/// Returns 1 when it replaced the value, else the value, which is null for an absent key.
static COMPARE_AND_SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value = redis.call('GET', KEYS[1])\n\
         if value ~= ARGV[1] then return value end\n\
         redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])\n\
         return 1",
    )
});

/// Returns how many keys it removed.
static COMPARE_AND_DELETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end\nreturn 0",
    )
});

fn set(key: &Key, value: &str, expiry: Expiry) -> Command {
    Command::new("SET").key(key).arg(value).expiry(expiry)
}

fn delete(keys: &[Key]) -> Command {
    Command::new("DEL").keys(keys)
}

impl Store for UpstashStore {
    /// What takes more than one command is boxed, because every call's future is as large as the largest arm.
    async fn execute(&self, operation: Operation<'_>) -> Result<Output> {
        match operation {
            Operation::Get { key } => {
                self.client.run(Command::new("GET").key(key)).await?.into_text().map(Output::Value)
            }
            Operation::GetMany { keys: [] } => Ok(Output::Values(Vec::new())),
            Operation::GetMany { keys } => {
                let reply = self.client.run(Command::new("MGET").keys(keys)).await?;
                reply.into_texts(keys.len()).map(Output::Values)
            }
            Operation::Set { key, value, expiry } => {
                match self.client.run(self.set_command(key, value, expiry)).await? {
                    Reply::Ok | Reply::Integer(_) => Ok(Output::Done),
                    other => Err(other.unexpected("OK")),
                }
            }
            Operation::SetIfAbsent { key, value, ttl } => {
                let deadline = Instant::now() + self.client.timeout();
                Box::pin(self.claim(key, value, ttl, deadline)).await.map(Output::Flag)
            }
            Operation::Delete { keys: [] } => Ok(Output::Count(0)),
            Operation::Delete { keys } => {
                let count = self.client.run(delete(keys)).await?.into_integer()?;
                Ok(Output::Count(count.unsigned_abs()))
            }
            Operation::Exists { key } => {
                let count = self.client.run(Command::new("EXISTS").key(key)).await?.into_integer()?;
                Ok(Output::Flag(count == 1))
            }
            Operation::Increment { key, by } => {
                let command = Command::new("INCRBY").key(key).number(by);
                self.client.run(command).await?.into_integer().map(Output::Sum)
            }
            Operation::Expire { key, ttl } => {
                let command = Command::new("EXPIRE").key(key).number(ttl.as_seconds());
                Ok(Output::Flag(self.client.run(command).await?.into_integer()? == 1))
            }
            Operation::GetAndDelete { key } => {
                self.client.run(Command::new("GETDEL").key(key)).await?.into_text().map(Output::Value)
            }
            Operation::CompareAndSet { key, expected, new, ttl } => {
                Box::pin(self.compare_and_swap(key, expected, new, ttl)).await.map(Output::Swap)
            }
            Operation::CompareAndDelete { key, expected } => {
                let removal = self.eval(&COMPARE_AND_DELETE, key, |command| command.arg(expected));
                let reply = Box::pin(removal).await?;
                Ok(Output::Flag(reply.into_integer()? == 1))
            }
            Operation::Apply { writes: [] } => Ok(Output::Done),
            Operation::Apply { writes } => Box::pin(self.transaction(writes)).await.map(|()| Output::Done),
        }
    }
}

impl RemoteStore for UpstashStore {
    async fn ping(&self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout.min(self.client.timeout());
        match self.client.run_by(Command::new("PING"), deadline).await? {
            Reply::Text(pong) if pong == "PONG" => Ok(()),
            other => Err(other.unexpected("PONG")),
        }
    }

    async fn replay(&self, key: &Key, replay: &Replay) -> Result<bool> {
        let run = |command| self.client.run(command);
        match replay {
            Replay::Set(value, expiry) => run(self.set_command(key, value, *expiry)).await.map(|_| true),
            Replay::Claim(value, expiry) => {
                let claim = self.set_command(key, value, *expiry);
                let claim = if claim.name() == "SET" { claim.if_absent() } else { claim };
                // An earlier attempt may have been executed though its reply was lost.
                let (claimed, holds) = tokio::join!(run(claim), run(Command::new("GET").key(key)));
                Ok(claimed? != Reply::Nil || holds?.into_text()?.as_deref() == Some(&**value))
            }
            Replay::Delete | Replay::DeleteExpired => {
                run(delete(std::slice::from_ref(key))).await.map(|_| true)
            }
            Replay::Increment(by, expiry) => {
                let increment = run(Command::new("INCRBY").key(key).number(*by));
                match expiry.and_then(|expiry| expiry.expires_at(self.clock.now())) {
                    Some(expires_at) => {
                        let limit = run(expire_at(key, expires_at));
                        let (incremented, _) = tokio::join!(increment, limit);
                        incremented
                    }
                    None => increment.await,
                }
                .map(|_| true)
            }
            Replay::Expire(expiry) => match expiry.expires_at(self.clock.now()) {
                Some(expires_at) => run(expire_at(key, expires_at)).await.map(|_| true),
                None => Ok(true),
            },
            Replay::Nothing => Ok(true),
        }
    }
}

fn expire_at(key: &Key, expires_at: UnixMillis) -> Command {
    Command::new("PEXPIREAT").key(key).number(expires_at)
}
