//! Values in an Upstash database: each primitive as Redis commands.
//!
//! Upstash has commands for compare-and-set; Redis before 8.4 needs a script. The scripts compare and swap whole texts: a
//! round trip through cjson would turn `[]` into `{}` and print numbers anew.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::time::Instant;

use super::claims::Claims;
use super::{ClaimOrRead, Expects, Operation, Output, RemoteStore, Replay, Store, Swap, Write};
use crate::clock::{Clock, SteadyMillis};
use crate::keys::{Expiry, Key, Ttl};
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

    /// Stores `value` unless the key exists. If the reply is lost, reads the key back: this call owns it if it holds
    /// `value`. Two instances with the same text cannot be told apart, so a claim should be unique, as with a time in it.
    async fn claim(&self, key: &Key, value: &str, ttl: Ttl, deadline: Instant) -> Result<bool> {
        let mut claim = self.claims.begin(key, value, deadline).await?;
        let command = || set(key, value, Expiry::After(ttl)).if_absent();
        let mut reply = self.client.run_by(command(), deadline).await;
        if let Some(lost) = lost(&reply)
            && !claim.decide(deadline).await.map_err(|_| lost.clone())?
        {
            return Ok(false);
        }
        while let Some(lost) = lost(&reply)
            && Instant::now() < deadline
        {
            reply = match self.look(key, lost, deadline).await? {
                Some(held) if held == value => Ok(Reply::Ok),
                Some(_) => Ok(Reply::Nil),
                None => match self.client.run_by(command(), deadline).await {
                    // The first attempt was executed after all, or another instance's.
                    Ok(Reply::Nil) if self.look(key, lost, deadline).await?.as_deref() == Some(value) => {
                        Ok(Reply::Ok)
                    }
                    reply => reply,
                },
            };
        }
        let is_granted = reply?.into_done()?;
        claim.end(is_granted);
        Ok(is_granted)
    }

    /// Two commands, one after the other, so that they share a request with other calls. If a reply is lost, reads the keys
    /// back: the claim is granted if `value` is there. So `value` has to be unique, as with a random owner in it.
    async fn claim_or_read(
        &self,
        key: &Key,
        value: &str,
        ttl: Ttl,
        also: &[Key],
        deadline: Instant,
    ) -> Result<ClaimOrRead> {
        loop {
            let claim = self.client.run_by(set(key, value, Expiry::After(ttl)).if_absent(), deadline);
            let read = || self.client.run_by(Command::new("MGET").key(key).keys(also), deadline);
            let (claimed, values) = tokio::join!(claim, read());
            let values = match lost(&claimed) {
                // What was read may be older than the claim.
                Some(lost) if Instant::now() < deadline => {
                    read().await.map_err(|error| if error.is_outage() { lost.clone() } else { error })
                }
                _ => values,
            };
            let is_told = claimed.is_ok();
            let is_granted = match claimed {
                Err(error) if !error.is_outage() || !error.may_be_executed() => return Err(error),
                claimed => claimed.map_or(Ok(false), Reply::into_done)?,
            };
            let mut values = values?.into_texts(1 + also.len())?.into_iter();
            let held = values.next().flatten();
            let also = values.collect();
            match held {
                _ if is_granted => return Ok(ClaimOrRead { held: None, also }),
                Some(held) if !is_told && held == value => return Ok(ClaimOrRead { held: None, also }),
                Some(held) => return Ok(ClaimOrRead { held: Some(held), also }),
                // It has ended between the two commands, or the claim was lost on its way.
                None if Instant::now() < deadline => {}
                None => return Err(Error::timeout()),
            }
        }
    }

    /// If the reply is lost, reads the key back: it has been replaced if it holds `new`.
    async fn compare_and_set(
        &self,
        key: &Key,
        expected: &str,
        new: &str,
        ttl: Option<Ttl>,
        deadline: Instant,
    ) -> Result<Swap> {
        let mut reply = self.swap_once(key, expected, new, ttl, deadline).await;
        while let Some(lost) = lost(&reply)
            && Instant::now() < deadline
        {
            match self.look(key, lost, deadline).await? {
                Some(held) if held == new => return Ok(Swap::Done),
                Some(held) if held == expected => {
                    reply = self.swap_once(key, expected, new, ttl, deadline).await;
                }
                held => return Ok(held.map_or(Swap::Absent, Swap::Changed)),
            }
        }
        reply
    }

    /// One command where the server has it, which does not tell what the key holds instead; else a script, which does.
    async fn swap_once(
        &self,
        key: &Key,
        expected: &str,
        new: &str,
        ttl: Option<Ttl>,
        deadline: Instant,
    ) -> Result<Swap> {
        let with_ttl = |command: Command| match ttl {
            Some(ttl) => command.ttl(ttl),
            None => command.arg("KEEPTTL"),
        };
        let command = with_ttl(Command::new("SET").key(key).arg(new).arg("IFEQ").arg(expected));
        if let Some(reply) = self.client.run_conditional(command, deadline).await? {
            if reply.into_done()? {
                return Ok(Swap::Done);
            }
            let held = self.client.run_by(Command::new("GET").key(key), deadline).await?.into_text()?;
            return Ok(held.map_or(Swap::Absent, Swap::Changed));
        }
        let with_arguments = |command: Command| with_ttl(command.arg(expected).arg(new));
        match self.client.eval(&COMPARE_AND_SET, key, with_arguments, deadline).await? {
            Reply::Integer(1) => Ok(Swap::Done),
            other => Ok(other.into_text()?.map_or(Swap::Absent, Swap::Changed)),
        }
    }

    /// If the reply is lost, reads the key back: it has been removed if it does not hold `expected`.
    async fn compare_and_delete(&self, key: &Key, expected: &str, deadline: Instant) -> Result<bool> {
        let mut reply = self.remove_once(key, expected, deadline).await;
        while let Some(lost) = lost(&reply)
            && Instant::now() < deadline
        {
            match self.look(key, lost, deadline).await? {
                Some(held) if held == expected => reply = self.remove_once(key, expected, deadline).await,
                _ => return Ok(true),
            }
        }
        Ok(reply?.into_integer()? == 1)
    }

    async fn remove_once(&self, key: &Key, expected: &str, deadline: Instant) -> Result<Reply> {
        let command = Command::new("DELEX").key(key).arg("IFEQ").arg(expected);
        if let Some(reply) = self.client.run_conditional(command, deadline).await? {
            return Ok(reply);
        }
        let with_arguments = |command: Command| command.arg(expected);
        self.client.eval(&COMPARE_AND_DELETE, key, with_arguments, deadline).await
    }

    /// If the reply is lost, gives the new TTL to the value that the key then holds, if it has one.
    async fn expire(&self, key: &Key, ttl: Ttl, deadline: Instant) -> Result<bool> {
        let command = match ttl.as_whole_seconds() {
            Some(seconds) => Command::new("EXPIRE").key(key).number(seconds),
            None => Command::new("PEXPIRE").key(key).number(ttl.as_millis()),
        };
        let reply = self.client.run_by(command, deadline).await;
        if let Some(lost) = lost(&reply)
            && Instant::now() < deadline
        {
            let Some(held) = self.look(key, lost, deadline).await? else { return Ok(false) };
            let ours = [held.into()];
            let with = |command: Command| command.number(ttl.as_millis());
            let repeated = self.unless_changed(&EXPIRE_UNLESS_CHANGED, key, with, &ours, deadline);
            // What another instance has written meanwhile keeps its TTL.
            return repeated
                .await
                .map(|_| true)
                .map_err(|error| if error.is_outage() { lost.clone() } else { error });
        }
        Ok(reply?.into_integer()? == 1)
    }

    /// What the key holds, after the reply to a write was `lost`. If that cannot be found out either, the write may still
    /// have been executed, so the error is the same.
    async fn look(&self, key: &Key, lost: &Error, deadline: Instant) -> Result<Option<String>> {
        let reply = self.client.run_by(Command::new("GET").key(key), deadline).await;
        reply.map_err(|error| if error.is_outage() { lost.clone() } else { error })?.into_text()
    }

    async fn transaction(&self, writes: &[Write], deadline: Instant) -> Result<()> {
        let commands = writes.iter().map(|write| match write {
            Write::Set { key, value, expiry } => self.set_command(key, value, *expiry),
            Write::Delete { key } => delete(std::slice::from_ref(key)),
        });
        let replies = self.client.transaction(commands.collect(), deadline).await?;
        replies.into_iter().find_map(Result::err).map_or(Ok(()), Err::<(), Error>)
    }

    /// The milliseconds until `expires_at`, at least one. The client's wall clock may differ from Redis's, so no replay
    /// names a time.
    fn millis_left(&self, expires_at: SteadyMillis) -> u64 {
        expires_at.saturating_sub(self.clock.steady()).max(1)
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
            ours.iter().fold(with_arguments(command), |command, text| command.arg(text)).repeatable()
        };
        Ok(self.client.eval(script, key, with_all, deadline).await? == Reply::Integer(1))
    }
}

/// The error, if Redis may have executed a command though there is no reply.
fn lost<T>(reply: &Result<T>) -> Option<&Error> {
    reply.as_ref().err().filter(|error| error.is_outage() && error.may_be_executed())
}

/// Returns 1 when it replaced the value, else the value, which is null for an absent key.
static COMPARE_AND_SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value = redis.call('GET', KEYS[1])\n\
         if value ~= ARGV[1] then return value end\n\
         redis.call('SET', KEYS[1], unpack(ARGV, 2))\n\
         return 1",
    )
});

/// Returns how many keys it removed.
static COMPARE_AND_DELETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end\nreturn 0",
    )
});

/// A script that makes a change, if the key is absent or holds one of the arguments from number `first` on. Returns 1 if so.
fn unless_changed(first: u32, change: &str) -> Script {
    Script::new(&format!(
        "local value = redis.call('GET', KEYS[1])\n\
         local is_ours = not value\n\
         for i = {first}, #ARGV do if value == ARGV[i] then is_ours = true end end\n\
         if not is_ours then return 0 end\n\
         {change}\n\
         return 1"
    ))
}

/// Stores the first argument, for as many milliseconds as the second says; 0 is for good.
static PUT_UNLESS_CHANGED: LazyLock<Script> = LazyLock::new(|| {
    unless_changed(
        3,
        "if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1])\n\
         else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end",
    )
});

static REMOVE_UNLESS_CHANGED: LazyLock<Script> =
    LazyLock::new(|| unless_changed(1, "redis.call('DEL', KEYS[1])"));

/// Expires the key after as many milliseconds as the first argument says.
static EXPIRE_UNLESS_CHANGED: LazyLock<Script> =
    LazyLock::new(|| unless_changed(2, "redis.call('PEXPIRE', KEYS[1], ARGV[1])"));

/// Adds the first argument to a counter. A new counter expires after as many milliseconds as the second says, and one
/// that was there, too, if the third is 1. In a script, so that the counter never stays without its expiry.
static ADD_WITH_EXPIRY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local existed = redis.call('EXISTS', KEYS[1])\n\
         redis.call('INCRBY', KEYS[1], ARGV[1])\n\
         if existed == 0 or ARGV[3] == '1' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end\n\
         return 1",
    )
});

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
            Operation::GetMany { keys: [] } => Ok(Output::Values(Vec::new())),
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
            Operation::Expire { key, ttl } => {
                Box::pin(self.expire(key, ttl, deadline)).await.map(Output::Flag)
            }
            Operation::GetAndDelete { key } => {
                run(Command::new("GETDEL").key(key)).await?.into_text().map(Output::Value)
            }
            Operation::CompareAndSet { key, expected, new, ttl } => {
                let swap = self.compare_and_set(key, expected, new, ttl, deadline);
                Box::pin(swap).await.map(Output::Swap)
            }
            Operation::CompareAndDelete { key, expected } => {
                Box::pin(self.compare_and_delete(key, expected, deadline)).await.map(Output::Flag)
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
        if replay.is_nothing() {
            return Ok(true);
        }
        let run = |command| self.client.run_by(command, deadline);
        match replay {
            Replay::Put { value, expires_at, expects } => {
                let left = expires_at.map(|expires_at| self.millis_left(expires_at));
                match expects {
                    Expects::Anything => {
                        let command = Command::new("SET").key(key).arg(value);
                        let command = left.into_iter().fold(command, Command::millis);
                        run(command).await.map(|_| true)
                    }
                    Expects::NothingOr(ours) => {
                        let with = |command: Command| command.arg(value).number(left.unwrap_or(0));
                        let ours = [ours, std::slice::from_ref(value)].concat();
                        self.unless_changed(&PUT_UNLESS_CHANGED, key, with, &ours, deadline).await
                    }
                }
            }
            Replay::Remove { expects: Expects::Anything, .. } => {
                run(delete(std::slice::from_ref(key))).await.map(|_| true)
            }
            Replay::Remove { expects: Expects::NothingOr(ours), .. } => {
                self.unless_changed(&REMOVE_UNLESS_CHANGED, key, |command| command, ours, deadline).await
            }
            Replay::Add { by, expires_at: None, .. } => {
                run(Command::new("INCRBY").key(key).number(*by)).await.map(|_| true)
            }
            Replay::Add { by, expires_at: Some(expires_at), with_expiry } => {
                let left = self.millis_left(*expires_at);
                let with = |command: Command| command.number(*by).number(left).number(*with_expiry);
                self.client.eval(&ADD_WITH_EXPIRY, key, with, deadline).await.map(|_| true)
            }
            Replay::Expire { expires_at: None, .. } => Ok(true),
            Replay::Expire { expires_at: Some(expires_at), expects } => {
                let left = self.millis_left(*expires_at);
                match expects {
                    Expects::Anything => {
                        run(Command::new("PEXPIRE").key(key).number(left)).await.map(|_| true)
                    }
                    Expects::NothingOr(ours) => {
                        let with = |command: Command| command.number(left);
                        self.unless_changed(&EXPIRE_UNLESS_CHANGED, key, with, ours, deadline).await
                    }
                }
            }
        }
    }
}
