//! Reads HTTP responses: one reply or error for each command.
//!
//! A response to one command is `{"result": ..}` or `{"error": ".."}`, and a response to a batch is an array of these. If
//! the service rejects a batch as a whole, it sends one error object.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::redact::Redactor;
use super::{Command, Reply};
use crate::config::Token;
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
    let redactor = Redactor::new(commands, request.token);
    let parsed = if request.is_batch { serde_json::from_slice(body) } else { single(body) };
    match parsed {
        Ok(ResponseBody::Results(results)) if results.len() == commands.len() => {
            let results = results.into_iter().zip(commands);
            let replies =
                results.map(|(result, command)| result.into_reply(status, command, request, &redactor));
            Ok(share_outage(replies.collect()))
        }
        Ok(ResponseBody::Object(CommandResult { error: Some(error), .. })) => {
            let text = redactor.redact(&error);
            let failure = |command| failure(status, &error, text.clone(), command, request);
            match commands.first().map(failure) {
                Some(outage) if outage.is_outage() => Err(outage),
                _ => Ok(commands.iter().map(|command| Err(failure(command))).collect()),
            }
        }
        Ok(ResponseBody::Object(_)) => Err(Error::protocol(status, "one reply to a batch")),
        Ok(ResponseBody::Results(results)) => {
            Err(Error::protocol(status, format!("{} commands got {} replies", commands.len(), results.len())))
        }
        Err(_) => Err(unreadable(status, body, request, &redactor)),
    }
}

/// Gives the commands that met the same outage one error, because they shared a request.
fn share_outage(mut replies: Vec<Result<Reply>>) -> Vec<Result<Reply>> {
    let mut first: Option<Error> = None;
    for error in replies.iter_mut().filter_map(|reply| reply.as_mut().err()).filter(|error| error.is_outage())
    {
        match &first {
            Some(first) if first.is_like(error) => *error = first.clone(),
            _ => first = Some(error.clone()),
        }
    }
    replies
}

fn single(body: &[u8]) -> serde_json::Result<ResponseBody> {
    serde_json::from_slice(body).map(|result| ResponseBody::Results(vec![result]))
}

/// The error of a command whose response contains `error`, of which `text` may be shown. `error` decides before the
/// status, because the service has sent errors with status 200.
fn failure(status: u16, error: &str, text: String, command: &Command, request: RequestContext<'_>) -> Error {
    const REJECTED_TOKENS: [&str; 3] = ["WRONGPASS", "NOAUTH", "Unauthorized"];
    // Redis answers so before it executes anything, and no longer when a restart, a failover or a script is over.
    const OUTAGES: [&str; 10] = [
        "LOADING",
        "BUSY ",
        "READONLY",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "TRYAGAIN",
        "NOREPLICAS",
        "ERR max daily request limit exceeded",
        "ERR max requests limit exceeded",
        "ERR max concurrent connections",
    ];

    let starts_with = |texts: &[&str]| texts.iter().any(|text| error.starts_with(text));
    if is_rejected_token(status) && !error.starts_with("NOPERM") || starts_with(&REJECTED_TOKENS) {
        return Error::unauthorized(request.token.source().token_setting());
    }
    if starts_with(&OUTAGES) {
        return Error::turned_away(status, text, request.retry_after);
    }
    if is_outage(status) {
        return unavailable(status, text, request);
    }
    let source = request.token.source();
    let text = if error.starts_with("NOPERM") {
        let name = source.token_setting();
        format!("{text}; if {name} holds the read-only token, put the standard one there")
    } else if error.starts_with("ERR Command is not available") {
        // A path is taken for a command. Those of this package are there.
        format!("{text}; if {} has a path, remove it", source.url_setting())
    } else {
        text
    };
    Error::refused(command.name(), command.prefix(), text)
}

/// An HTTP 429 says that nothing was executed.
fn unavailable(status: u16, text: String, request: RequestContext<'_>) -> Error {
    let make = if status == 429 { Error::turned_away } else { Error::unavailable };
    make(status, text, request.retry_after)
}

fn is_rejected_token(status: u16) -> bool {
    matches!(status, 401 | 403)
}

/// Whether Redis is unavailable. Of the statuses below 500, these come from a proxy or from a wrong address.
fn is_outage(status: u16) -> bool {
    status >= 500 || matches!(status, 404 | 405 | 407 | 408 | 429)
}

/// The error of a request whose response is not JSON of the expected form.
fn unreadable(status: u16, body: &[u8], request: RequestContext<'_>, redactor: &Redactor<'_>) -> Error {
    let start = String::from_utf8_lossy(&body[..body.len().min(MAX_UNREADABLE_BYTES)]);
    let text = format!("unreadable body: {}", redactor.redact(&start));
    match status {
        401 | 403 => Error::unauthorized(request.token.source().token_setting()),
        413 => Error::refused(
            request.commands.first().map_or("a batch", Command::name),
            "",
            "the request is too large",
        ),
        _ if is_outage(status) => unavailable(status, text, request),
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
    fn into_reply(
        self,
        status: u16,
        command: &Command,
        request: RequestContext<'_>,
        redactor: &Redactor<'_>,
    ) -> Result<Reply> {
        match (self.result, self.error) {
            (_, Some(error)) => {
                let text = redactor.redact(&error);
                Err(failure(status, &error, text, command, request))
            }
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
