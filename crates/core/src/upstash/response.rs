//! Reads HTTP responses: one reply or error for each command.
//!
//! A response to one command is `{"result": ..}` or `{"error": ".."}`, and a response to a batch is an array of these. If
//! the service rejects a batch as a whole, it sends one error object.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::redact::redact;
use super::{Command, Reply};
use crate::config::Token;
use crate::keys::loggable_prefix;
use crate::{Error, Result};

/// How many bytes of an unreadable body can become part of an error.
const MAX_UNREADABLE_BYTES: usize = 4096;

/// The request that a response belongs to.
#[derive(Clone, Copy)]
pub(crate) struct RequestContext<'a> {
    /// The commands in the request.
    pub(crate) commands: &'a [Command],
    /// Whether the response is an array, with one element for each command.
    pub(crate) is_batch: bool,
    /// The token. No error contains it.
    pub(crate) token: &'a Token,
    /// The `Retry-After` header of the response.
    pub(crate) retry_after: Option<Duration>,
}

/// Reads the response to a request. Returns one result for each command.
///
/// # Errors
///
/// When Redis is unavailable. If Redis refuses commands, the inner results are errors.
pub(crate) fn read(status: u16, body: &[u8], request: RequestContext<'_>) -> Result<Vec<Result<Reply>>> {
    let commands = request.commands;
    let parsed = if request.is_batch { serde_json::from_slice(body) } else { single(body) };
    match parsed {
        Ok(ResponseBody::Results(results)) if results.len() == commands.len() => Ok(results
            .into_iter()
            .zip(commands)
            .map(|(result, command)| result.into_reply(status, command, request))
            .collect()),
        Ok(ResponseBody::Object(CommandResult { error: Some(error), .. })) => {
            let failures = commands.iter().map(|command| failure(status, &error, command, request));
            failures.map(|failed| if failed.is_outage() { Err(failed) } else { Ok(Err(failed)) }).collect()
        }
        Ok(ResponseBody::Object(_)) => Err(Error::protocol(status, "one reply to a batch")),
        Ok(ResponseBody::Results(results)) => {
            Err(Error::protocol(status, format!("{} commands got {} replies", commands.len(), results.len())))
        }
        Err(_) => Err(unreadable(status, body, request)),
    }
}

fn single(body: &[u8]) -> serde_json::Result<ResponseBody> {
    serde_json::from_slice(body).map(|result| ResponseBody::Results(vec![result]))
}

/// The error of a command whose response contains `error`. The text decides before the status, because the service has
/// sent errors with status 200.
fn failure(status: u16, error: &str, command: &Command, request: RequestContext<'_>) -> Error {
    const OUTAGES: [&str; 3] = [
        "ERR max daily request limit exceeded",
        "ERR max requests limit exceeded",
        "ERR max concurrent connections",
    ];
    const REJECTED_TOKENS: [&str; 3] = ["WRONGPASS", "NOAUTH", "Unauthorized"];

    let starts_with = |texts: &[&str]| texts.iter().any(|text| error.starts_with(text));
    if is_rejected_token(status) && !error.starts_with("NOPERM") || starts_with(&REJECTED_TOKENS) {
        return Error::unauthorized();
    }
    let text = redact(error, request.commands, request.token);
    if is_outage(status) || starts_with(&OUTAGES) {
        return Error::unavailable(status, text, request.retry_after);
    }
    let prefix = command.arguments().iter().map(|argument| loggable_prefix(argument)).find(|p| !p.is_empty());
    Error::refused(command.name(), prefix.unwrap_or_default(), text)
}

fn is_rejected_token(status: u16) -> bool {
    matches!(status, 401 | 403)
}

/// Whether Redis is unavailable. Of the statuses below 500, these come from a proxy or from a wrong address.
fn is_outage(status: u16) -> bool {
    status >= 500 || matches!(status, 404 | 405 | 407 | 408 | 429)
}

/// The error of a request whose response is not JSON of the expected form.
fn unreadable(status: u16, body: &[u8], request: RequestContext<'_>) -> Error {
    let start = String::from_utf8_lossy(&body[..body.len().min(MAX_UNREADABLE_BYTES)]);
    let text = format!("unreadable body: {}", redact(&start, request.commands, request.token));
    match status {
        401 | 403 => Error::unauthorized(),
        413 => Error::refused(
            request.commands.first().map_or("a batch", Command::name),
            "",
            "the request is too large",
        ),
        _ if is_outage(status) => Error::unavailable(status, text, request.retry_after),
        _ => Error::protocol(status, text),
    }
}

/// A response body: an array or an object.
enum ResponseBody {
    Results(Vec<CommandResult>),
    Object(CommandResult),
}

impl<'de> Deserialize<'de> for ResponseBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct BodyVisitor;

        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = ResponseBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of results or an error")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> std::result::Result<ResponseBody, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(ResponseBody::Results)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> std::result::Result<ResponseBody, A::Error> {
                CommandResult::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(ResponseBody::Object)
            }
        }

        deserializer.deserialize_any(BodyVisitor)
    }
}

/// `{"result": ..}` or `{"error": ".."}`.
#[derive(Deserialize)]
struct CommandResult {
    #[serde(default, deserialize_with = "present")]
    result: Option<Reply>,
    error: Option<String>,
}

/// Distinguishes a `null` result from a missing one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Reply>, D::Error> {
    Reply::deserialize(deserializer).map(Some)
}

impl CommandResult {
    fn into_reply(self, status: u16, command: &Command, request: RequestContext<'_>) -> Result<Reply> {
        match (self.result, self.error) {
            (_, Some(error)) => Err(failure(status, &error, command, request)),
            (Some(reply), None) if status < 400 => Ok(reply),
            (Some(_), None) => {
                Err(Error::unavailable(status, "a result with a failure status", request.retry_after))
            }
            (None, None) => Err(Error::protocol(status, "a reply without result or error")),
        }
    }
}

#[cfg(test)]
mod tests;
