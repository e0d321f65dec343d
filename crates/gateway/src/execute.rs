//! Executes the commands of one request and writes the response.
//!
//! A pipeline is sent to Redis in one write. So is a transaction from MULTI to EXEC, which keeps other commands on
//! the shared connection out of it.

use hyper::StatusCode;
use redis::{Cmd, Pipeline, Value};

use crate::auth::Access;
use crate::command::{CommandKind, CommandTable};
use crate::http_error::HttpError;
use crate::redis_link::{Connection, RedisLink, Unreachable};
use crate::reply;
use crate::request::{Commands, Encoding, ParsedCommand};

/// A status, a JSON body, and whether the request may have changed data.
pub(crate) struct JsonResponse {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    pub(crate) wrote: bool,
}

impl From<HttpError> for JsonResponse {
    fn from(error: HttpError) -> Self {
        let mut body = Vec::new();
        reply::write_error(&mut body, &error.text);
        Self { status: error.status, body, wrote: false }
    }
}

impl From<Unreachable> for HttpError {
    fn from(_: Unreachable) -> Self {
        Self::unreachable()
    }
}

/// What the client may do, and how it wants strings encoded.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) access: Access,
    pub(crate) encoding: Encoding,
}

/// Executes a request's commands.
pub(crate) async fn execute(link: &RedisLink, commands: Commands, caller: Caller) -> JsonResponse {
    let result = match (link.connection().await, commands) {
        (Err(unreachable), _) => Err(unreachable.into()),
        (Ok(redis), Commands::One(parsed)) => one(&redis, parsed, caller).await,
        (Ok(redis), Commands::Pipeline(parsed)) => pipeline(&redis, parsed, caller).await,
        (Ok(redis), Commands::Transaction(parsed)) => transaction(&redis, parsed, caller).await,
    };
    result.unwrap_or_else(JsonResponse::from)
}

async fn one(redis: &Connection, parsed: ParsedCommand, caller: Caller) -> Result<JsonResponse, HttpError> {
    let command = parsed?;
    let kind = redis.commands.check(&command, caller.access)?;
    let value = redis.send(&command).await?;
    Ok(single(&value, kind == CommandKind::Write, caller.encoding))
}

async fn pipeline(
    redis: &Connection,
    parsed: Vec<ParsedCommand>,
    caller: Caller,
) -> Result<JsonResponse, HttpError> {
    let mut commands = Pipeline::with_capacity(parsed.len());
    let mut wrote = false;
    let mut errors = Vec::with_capacity(parsed.len());
    for command in parsed {
        match check(&redis.commands, command, caller.access) {
            Ok((command, kind)) => {
                wrote |= kind == CommandKind::Write;
                commands.add_command(command);
                errors.push(None);
            }
            Err(error) => errors.push(Some(error)),
        }
    }
    let values = if commands.is_empty() { Vec::new() } else { redis.send_all(&commands).await? };
    let mut values = values.iter();
    let mut body = Vec::with_capacity(errors.len() * 32);
    for error in errors {
        body.push(if body.is_empty() { b'[' } else { b',' });
        match error {
            Some(error) => reply::write_error(&mut body, &error.text),
            // redis-rs returns exactly one value for each command.
            None => reply::write(&mut body, values.next().unwrap_or(&Value::Nil), caller.encoding),
        }
    }
    body.push(b']');
    Ok(JsonResponse { status: StatusCode::OK, body, wrote })
}

async fn transaction(
    redis: &Connection,
    parsed: Vec<ParsedCommand>,
    caller: Caller,
) -> Result<JsonResponse, HttpError> {
    let mut commands = Pipeline::with_capacity(parsed.len());
    commands.atomic();
    let mut wrote = false;
    for command in parsed {
        let (command, kind) = check(&redis.commands, command, caller.access)?;
        wrote |= kind == CommandKind::Write;
        commands.add_command(command);
    }
    let values = match redis.send_atomic(&commands).await? {
        Ok(values) => values,
        Err(discarded) => return Ok(single(&discarded, false, caller.encoding)),
    };
    let mut body = Vec::with_capacity(values.len() * 32);
    for value in &values {
        body.push(if body.is_empty() { b'[' } else { b',' });
        reply::write(&mut body, value, caller.encoding);
    }
    body.push(b']');
    Ok(JsonResponse { status: StatusCode::OK, body, wrote })
}

fn check(
    table: &CommandTable,
    parsed: ParsedCommand,
    access: Access,
) -> Result<(Cmd, CommandKind), HttpError> {
    let command = parsed?;
    let kind = table.check(&command, access)?;
    Ok((command, kind))
}

/// One result as the whole response; an error from Redis is a 400.
fn single(value: &Value, wrote: bool, encoding: Encoding) -> JsonResponse {
    let status =
        if matches!(value, Value::ServerError(_)) { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut body = Vec::with_capacity(64);
    reply::write(&mut body, value, encoding);
    JsonResponse { status, body, wrote }
}
