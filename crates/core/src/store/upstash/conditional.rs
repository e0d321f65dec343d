//! Changes with a condition. If the reply is lost, what the key holds says how they have ended.

use tokio::time::Instant;

use super::scripts::{
    COMPARE_AND_DELETE, COMPARE_AND_SET, EXPIRE_UNLESS, EXPIRE_UNLESS_CHANGED, SET_UNLESS,
    SET_UNLESS_OR_ABSENT,
};
use super::{UpstashStore, set};
use crate::keys::{Expiry, Key, Ttl};
use crate::store::{ClaimOrRead, Swap};
use crate::upstash::{Command, Reply};
use crate::{Error, Result};

/// A value that is not stored everywhere.
#[derive(Clone, Copy)]
pub(super) struct SetUnless<'a> {
    pub(super) value: &'a str,
    /// The text that it does not replace.
    pub(super) unless: &'a str,
    pub(super) ttl: Ttl,
    /// Whether it does not replace nothing either.
    pub(super) needs_key: bool,
}

impl UpstashStore {
    /// Stores `value` unless the key exists. If the reply is lost, reads the key back: this call owns it if it holds
    /// `value`. Two instances with the same text cannot be told apart, so a claim should be unique, as with a time in it.
    pub(super) async fn claim(&self, key: &Key, value: &str, ttl: Ttl, deadline: Instant) -> Result<bool> {
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
    pub(super) async fn claim_or_read(
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
            let has_reply = claimed.is_ok();
            let is_granted = match claimed {
                Err(error) if !error.is_outage() || error.is_certainly_not_executed() => return Err(error),
                claimed => claimed.map_or(Ok(false), Reply::into_done)?,
            };
            let mut values = values?.into_texts(1 + also.len())?.into_iter();
            let held = values.next().flatten();
            let also = values.collect();
            match held {
                _ if is_granted => return Ok(ClaimOrRead { held: None, also }),
                Some(held) if !has_reply && held == value => return Ok(ClaimOrRead { held: None, also }),
                Some(held) => return Ok(ClaimOrRead { held: Some(held), also }),
                // It has ended between the two commands, or the claim was lost on its way.
                None if Instant::now() < deadline => {}
                None => return Err(Error::timeout()),
            }
        }
    }

    /// If the reply is lost, reads the key back: it has been replaced if it holds `new`.
    pub(super) async fn compare_and_set(
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
                // A renewal leaves the text as it is, which does not say whether the TTL is the new one.
                Some(held) if held == expected => {
                    reply = self.swap_once(key, expected, new, ttl, deadline).await;
                }
                Some(held) if held == new => return Ok(Swap::Done),
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

    /// If the reply is lost, reads the key back: it is stored if the key holds `value`, and otherwise sent again, unless
    /// the key holds `unless`, or nothing if it needs the key.
    pub(super) async fn set_unless(&self, key: &Key, set: SetUnless<'_>, deadline: Instant) -> Result<bool> {
        let SetUnless { value, unless, needs_key, .. } = set;
        let mut reply = self.set_unless_once(key, set, deadline).await;
        while let Some(lost) = lost(&reply)
            && Instant::now() < deadline
        {
            match self.look(key, lost, deadline).await? {
                Some(held) if held == unless => return Ok(false),
                Some(held) if held == value => return Ok(true),
                None if needs_key => return Ok(false),
                _ => reply = self.set_unless_once(key, set, deadline).await,
            }
        }
        reply
    }

    async fn set_unless_once(&self, key: &Key, set: SetUnless<'_>, deadline: Instant) -> Result<bool> {
        let SetUnless { value, unless, ttl, needs_key } = set;
        let with_arguments = |command: Command| command.arg(unless).arg(value).ttl(ttl);
        if needs_key {
            let reply = self.client.eval(&SET_UNLESS_OR_ABSENT, key, with_arguments, deadline).await?;
            return Ok(reply == Reply::Integer(1));
        }
        let command = Command::new("SET").key(key).arg(value).arg("IFNE").arg(unless).ttl(ttl);
        if let Some(reply) = self.client.run_conditional(command, deadline).await? {
            return reply.into_done();
        }
        let reply = self.client.eval(&SET_UNLESS, key, with_arguments, deadline).await?;
        Ok(reply == Reply::Integer(1))
    }

    /// If the reply is lost, reads the key back: it has been removed if it does not hold `expected`.
    pub(super) async fn compare_and_delete(
        &self,
        key: &Key,
        expected: &str,
        deadline: Instant,
    ) -> Result<bool> {
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

    /// If the reply is lost, gives the new TTL to the value that the key then holds, if it has one that may get it.
    pub(super) async fn expire(
        &self,
        key: &Key,
        unless: Option<&str>,
        ttl: Ttl,
        deadline: Instant,
    ) -> Result<bool> {
        let reply = match unless {
            Some(unless) => {
                let with_arguments = |command: Command| command.arg(unless).number(ttl.as_millis());
                self.client.eval(&EXPIRE_UNLESS, key, with_arguments, deadline).await
            }
            None => self.client.run_by(expire_command(key, ttl), deadline).await,
        };
        if let Some(lost) = lost(&reply)
            && Instant::now() < deadline
        {
            let held = self.look(key, lost, deadline).await?;
            let Some(held) = held.filter(|held| Some(held.as_str()) != unless) else { return Ok(false) };
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
    pub(super) async fn look(&self, key: &Key, lost: &Error, deadline: Instant) -> Result<Option<String>> {
        let reply = self.client.run_by(Command::new("GET").key(key), deadline).await;
        reply.map_err(|error| if error.is_outage() { lost.clone() } else { error })?.into_text()
    }
}

/// An EXPIRE, in milliseconds if it has to be.
pub(super) fn expire_command(key: &Key, ttl: Ttl) -> Command {
    match ttl.as_whole_seconds() {
        Some(seconds) => Command::new("EXPIRE").key(key).number(seconds),
        None => Command::new("PEXPIRE").key(key).number(ttl.as_millis()),
    }
}

/// The error, if Redis may have executed a command though there is no reply.
pub(super) fn lost<T>(reply: &Result<T>) -> Option<&Error> {
    reply.as_ref().err().filter(|error| error.is_outage() && !error.is_certainly_not_executed())
}
