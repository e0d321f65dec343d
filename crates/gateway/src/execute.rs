//! Runs the commands of one request and writes the answer.
//!
//! A pipeline goes to Redis as one write, and so does a transaction, MULTI and EXEC included, which keeps it whole
//! on the connection that all requests share.

use hyper::StatusCode;
use redis::{Cmd, Pipeline, Value};

use crate::auth::Access;
use crate::command::{CommandTable, Effect};
use crate::redis_link::{Connection, RedisLink, Unreachable};
use crate::refusal::Refusal;
use crate::reply;
use crate::request::{Batch, Encoding, Slot};

/// A status and a JSON body, and whether the request may have changed data.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    pub(crate) wrote: bool,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut body = Vec::new();
        reply::write_error(&mut body, &refusal.text);
        Self { status: refusal.status, body, wrote: false }
    }
}

impl From<Unreachable> for Refusal {
    fn from(_: Unreachable) -> Self {
        Self::unreachable()
    }
}

/// Who asks and how the answer is to be written.
#[derive(Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) access: Access,
    pub(crate) encoding: Encoding,
}

/// Executes a request's commands.
pub(crate) async fn execute(link: &RedisLink, batch: Batch, asker: Asker) -> Answer {
    let outcome = match (link.connection().await, batch) {
        (Err(unreachable), _) => Err(unreachable.into()),
        (Ok(redis), Batch::One(slot)) => one(&redis, slot, asker).await,
        (Ok(redis), Batch::Pipeline(slots)) => pipeline(&redis, slots, asker).await,
        (Ok(redis), Batch::Transaction(slots)) => transaction(&redis, slots, asker).await,
    };
    outcome.unwrap_or_else(Answer::from)
}

async fn one(redis: &Connection, slot: Slot, asker: Asker) -> Result<Answer, Refusal> {
    let command = slot?;
    let effect = redis.commands.check(&command, asker.access)?;
    let value = redis.send(&command).await?;
    Ok(single(&value, effect == Effect::Write, asker.encoding))
}

async fn pipeline(redis: &Connection, slots: Vec<Slot>, asker: Asker) -> Result<Answer, Refusal> {
    let mut commands = Pipeline::with_capacity(slots.len());
    let mut wrote = false;
    let mut refusals = Vec::with_capacity(slots.len());
    for slot in slots {
        match check(&redis.commands, slot, asker.access) {
            Ok((command, effect)) => {
                wrote |= effect == Effect::Write;
                commands.add_command(command);
                refusals.push(None);
            }
            Err(refusal) => refusals.push(Some(refusal)),
        }
    }
    let values = if commands.is_empty() { Vec::new() } else { redis.send_all(&commands).await? };
    let mut values = values.iter();
    let mut body = Vec::with_capacity(refusals.len() * 32);
    for refusal in refusals {
        body.push(if body.is_empty() { b'[' } else { b',' });
        match refusal {
            Some(refusal) => reply::write_error(&mut body, &refusal.text),
            // redis-rs answers with exactly one value for each command.
            None => reply::write(&mut body, values.next().unwrap_or(&Value::Nil), asker.encoding),
        }
    }
    body.push(b']');
    Ok(Answer { status: StatusCode::OK, body, wrote })
}

async fn transaction(redis: &Connection, slots: Vec<Slot>, asker: Asker) -> Result<Answer, Refusal> {
    let mut commands = Pipeline::with_capacity(slots.len());
    commands.atomic();
    let mut wrote = false;
    for slot in slots {
        let (command, effect) = check(&redis.commands, slot, asker.access)?;
        wrote |= effect == Effect::Write;
        commands.add_command(command);
    }
    let values = match redis.send_atomic(&commands).await? {
        Ok(values) => values,
        Err(discarded) => return Ok(single(&discarded, false, asker.encoding)),
    };
    let mut body = Vec::with_capacity(values.len() * 32);
    for value in &values {
        body.push(if body.is_empty() { b'[' } else { b',' });
        reply::write(&mut body, value, asker.encoding);
    }
    body.push(b']');
    Ok(Answer { status: StatusCode::OK, body, wrote })
}

fn check(table: &CommandTable, slot: Slot, access: Access) -> Result<(Cmd, Effect), Refusal> {
    let command = slot?;
    let effect = table.check(&command, access)?;
    Ok((command, effect))
}

/// One result as the whole answer; Redis's refusal of it is a 400.
fn single(value: &Value, wrote: bool, encoding: Encoding) -> Answer {
    let status =
        if matches!(value, Value::ServerError(_)) { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut body = Vec::with_capacity(64);
    reply::write(&mut body, value, encoding);
    Answer { status, body, wrote }
}
