//! Answers: from the bytes of an HTTP body to typed replies and errors.
//!
//! The request asks for base64, because without it the service replaces invalid UTF-8 and has been seen to escape
//! emoji in a way that is not JSON. In such an answer the string `OK` is a status and every other string is padded
//! base64; the two cannot be confused, for padded base64 has a length that is a multiple of four.
//! <https://upstash.com/docs/redis/features/restapi#base64-encoded-responses>

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::Command;
use crate::config::Token;
use crate::keys::loggable_prefix;
use crate::{Error, Result};

/// What Redis answers to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The status `OK`.
    Ok,
    /// Nothing there, or a condition that did not hold.
    Nil,
    /// A number.
    Integer(i64),
    /// A string; bytes that are not UTF-8 have become U+FFFD.
    Text(String),
    /// Several replies.
    Array(Vec<Reply>),
}

impl Reply {
    /// A value that can be absent.
    ///
    /// # Errors
    ///
    /// When the reply is of another type.
    pub fn into_text(self) -> Result<Option<String>> {
        match self {
            Self::Nil => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            // A stored "OK", should the service leave it bare like the status.
            Self::Ok => Ok(Some("OK".to_owned())),
            other => Err(other.unexpected("a string or null")),
        }
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// When the reply is of another type.
    pub fn into_integer(self) -> Result<i64> {
        match self {
            Self::Integer(number) => Ok(number),
            // A server may print numbers that JavaScript would round as strings.
            Self::Text(text) => text.parse().map_err(|_| Self::Text(text).unexpected("a number")),
            other => Err(other.unexpected("a number")),
        }
    }

    /// Whether a conditional write happened: `OK` or null.
    ///
    /// # Errors
    ///
    /// When the reply is of another type.
    pub fn into_done(self) -> Result<bool> {
        match self {
            Self::Ok => Ok(true),
            Self::Nil => Ok(false),
            other => Err(other.unexpected("OK or null")),
        }
    }

    /// Values that can be absent, exactly `count` of them.
    ///
    /// # Errors
    ///
    /// When the reply is of another type or length.
    pub fn into_texts(self, count: usize) -> Result<Vec<Option<String>>> {
        match self {
            Self::Array(replies) if replies.len() == count => {
                replies.into_iter().map(Self::into_text).collect()
            }
            other => Err(other.unexpected("an array with one element for each key")),
        }
    }

    /// The error for a reply that the command cannot have.
    pub(crate) fn unexpected(&self, expected: &str) -> Error {
        let found = match self {
            Self::Ok => "OK",
            Self::Nil => "null",
            Self::Integer(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
        };
        Error::protocol(200, format!("expected {expected}, got {found}"))
    }
}

/// What an answer belongs to.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The commands in the request.
    pub(super) commands: &'a [Command],
    /// Whether they were sent as a batch, which is answered by an array, or one on its own.
    pub(super) batch: bool,
    /// The token, which no message may show.
    pub(super) token: &'a Token,
    /// What the answer says of when to ask again.
    pub(super) retry_after: Option<Duration>,
}

/// Reads the answer to what was asked.
///
/// # Errors
///
/// The outer one when the database cannot be used, the inner ones for commands that it refuses.
pub(super) fn read(status: u16, body: &[u8], asked: Asked<'_>) -> Result<Vec<Result<Reply>>> {
    let commands = asked.commands;
    let answer = if asked.batch { serde_json::from_slice(body) } else { one(body) };
    match answer {
        Ok(Answer::Slots(slots)) if slots.len() == commands.len() => Ok(slots
            .into_iter()
            .zip(commands)
            .map(|(slot, command)| slot.into_reply(status, command, asked))
            .collect()),
        Ok(Answer::Whole(Slot { error: Some(error), .. })) => {
            let failures = commands.iter().map(|command| failure(status, &error, command, asked));
            failures.map(|failed| if failed.is_outage() { Err(failed) } else { Ok(Err(failed)) }).collect()
        }
        Ok(Answer::Whole(_)) => Err(Error::protocol(status, "one answer to a batch")),
        Ok(Answer::Slots(slots)) => {
            Err(Error::protocol(status, format!("{} commands got {} answers", commands.len(), slots.len())))
        }
        Err(_) => Err(unreadable(status, body, asked)),
    }
}

fn one(body: &[u8]) -> serde_json::Result<Answer> {
    serde_json::from_slice::<Slot>(body).map(|slot| Answer::Slots(vec![slot]))
}

/// What Redis says of a command, sorted into refusal and outage. `error` is looked at before the status, because
/// errors have been seen in answers with status 200.
fn failure(status: u16, error: &str, command: &Command, asked: Asked<'_>) -> Error {
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
    let text = redacted(error, asked);
    if is_outage(status) || starts_with(&OUTAGES) {
        return Error::unavailable(status, text, asked.retry_after);
    }
    let prefix = command.arguments().iter().map(|argument| loggable_prefix(argument)).find(|p| !p.is_empty());
    Error::refused(command.name(), prefix.unwrap_or_default(), text)
}

fn is_rejected_token(status: u16) -> bool {
    matches!(status, 401 | 403)
}

/// Of the statuses below 500, those that a proxy or a wrong address answers with, not Redis.
fn is_outage(status: u16) -> bool {
    status >= 500 || matches!(status, 404 | 405 | 408 | 429)
}

fn unreadable(status: u16, body: &[u8], asked: Asked<'_>) -> Error {
    let start = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let text = format!("unreadable body: {}", redacted(&start, asked));
    match status {
        401 | 403 => Error::unauthorized(),
        413 => Error::refused(
            asked.commands.first().map_or("a batch", Command::name),
            "",
            "the request is too large",
        ),
        _ if is_outage(status) => Error::unavailable(status, text, asked.retry_after),
        _ => Error::protocol(status, text),
    }
}

/// The beginning of `text` that can hold no argument and no token, on one line and at most 200 characters long.
///
/// Texts show arguments in quotes or brackets, or behind a few known words. Where one stands bare it is searched for,
/// unless it is so short that it would be found inside ordinary words.
fn redacted(text: &str, asked: Asked<'_>) -> String {
    const OPENING: [char; 5] = ['"', '\'', '`', '[', '{'];
    const MARKERS: [&str; 4] = ["with args beginning with", "Key was:", "command was:", "Bearer"];
    const SHORTEST: usize = 4;

    let token = asked.token.secret().to_owned();
    let secrets = asked.commands.iter().flat_map(Command::arguments).chain([token]);
    let bare = secrets.filter(|secret| secret.len() >= SHORTEST).filter_map(|secret| {
        let start: String = secret.chars().take(64).collect();
        text.find(&start)
    });
    let marked = MARKERS.iter().filter_map(|marker| Some(text.find(marker)? + marker.len()));
    let cut = bare.chain(marked).chain(text.find(OPENING)).min();
    let words: Vec<&str> = text[..cut.unwrap_or(text.len())].split_whitespace().collect();
    let mut line: String = words.join(" ").chars().take(200).collect();
    if cut.is_some() {
        line.push_str(" ...");
    }
    line
}

enum Answer {
    Slots(Vec<Slot>),
    Whole(Slot),
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct AnswerVisitor;

        impl<'de> Visitor<'de> for AnswerVisitor {
            type Value = Answer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of answers or an error")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> std::result::Result<Answer, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Answer::Slots)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> std::result::Result<Answer, A::Error> {
                Slot::deserialize(de::value::MapAccessDeserializer::new(map)).map(Answer::Whole)
            }
        }

        deserializer.deserialize_any(AnswerVisitor)
    }
}

/// `{"result": ..}` or `{"error": ".."}`.
#[derive(Deserialize)]
struct Slot {
    #[serde(default, deserialize_with = "present")]
    result: Option<Reply>,
    error: Option<String>,
}

/// Keeps a `null` result apart from a missing one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Reply>, D::Error> {
    Reply::deserialize(deserializer).map(Some)
}

impl Slot {
    fn into_reply(self, status: u16, command: &Command, asked: Asked<'_>) -> Result<Reply> {
        match (self.result, self.error) {
            (_, Some(error)) => Err(failure(status, &error, command, asked)),
            (Some(reply), None) if status < 400 => Ok(reply),
            (Some(_), None) => {
                Err(Error::unavailable(status, "a result with a failure status", asked.retry_after))
            }
            (None, None) => Err(Error::protocol(status, "an answer without result or error")),
        }
    }
}

impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct ReplyVisitor;

        impl<'de> Visitor<'de> for ReplyVisitor {
            type Value = Reply;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("null, an integer, a string or an array of these")
            }

            fn visit_unit<E>(self) -> std::result::Result<Reply, E> {
                Ok(Reply::Nil)
            }

            fn visit_i64<E>(self, number: i64) -> std::result::Result<Reply, E> {
                Ok(Reply::Integer(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> std::result::Result<Reply, E> {
                i64::try_from(number).map(Reply::Integer).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Reply, E> {
                if text == "OK" { Ok(Reply::Ok) } else { decoded(text).map(Reply::Text).map_err(E::custom) }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Reply, A::Error> {
                let mut replies = Vec::with_capacity(seq.size_hint().unwrap_or(0));
                while let Some(reply) = seq.next_element()? {
                    replies.push(reply);
                }
                Ok(Reply::Array(replies))
            }
        }

        deserializer.deserialize_any(ReplyVisitor)
    }
}

/// The text behind padded base64. A server that does not know the header sends other text; to take that as it is
/// would be wrong for every value that happens to be base64.
fn decoded(text: &str) -> std::result::Result<String, base64::DecodeError> {
    let bytes = BASE64_STANDARD.decode(text)?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests;
