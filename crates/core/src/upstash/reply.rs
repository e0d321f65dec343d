//! Answers: from the bytes of an HTTP body to typed replies and errors.
//!
//! The request asks for base64, because without it the service replaces invalid UTF-8 and has been seen to escape
//! emoji in a way that is not JSON. In such an answer the string `OK` is a status and every other string is padded
//! base64; the two cannot be confused, for padded base64 has a length that is a multiple of four.
//! <https://upstash.com/docs/redis/features/restapi#base64-encoded-responses>

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::Command;
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
            Self::Text(text) if text.parse::<i64>().is_ok() => Ok(text.parse().unwrap_or_default()),
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

/// Reads the answer to `commands`, which were sent as a batch or, when there is one, on its own.
///
/// # Errors
///
/// The outer one when the request failed as a whole, the inner ones for single commands.
pub(super) fn read(
    status: u16,
    body: &[u8],
    commands: &[Command],
    batch: bool,
) -> Result<Vec<Result<Reply>>> {
    let slots = if batch { serde_json::from_slice::<Answer>(body) } else { one(body) };
    match slots {
        Ok(Answer::Slots(slots)) if slots.len() == commands.len() => Ok(slots
            .into_iter()
            .zip(commands)
            .map(|(slot, command)| slot.into_reply(status, command))
            .collect()),
        Ok(Answer::Whole(slot)) => Err(match slot.error {
            Some(error) => failure(status, &error, commands),
            None => Error::protocol(status, "one answer to a batch"),
        }),
        Ok(Answer::Slots(slots)) => {
            Err(Error::protocol(status, format!("{} commands got {} answers", commands.len(), slots.len())))
        }
        Err(_) => Err(unreadable(status, body, commands)),
    }
}

fn one(body: &[u8]) -> serde_json::Result<Answer> {
    serde_json::from_slice::<Slot>(body).map(|slot| Answer::Slots(vec![slot]))
}

/// What Redis says of `commands`, sorted into refusal and outage. `error` is looked at before the status, because
/// errors have been seen in answers with status 200.
fn failure(status: u16, error: &str, commands: &[Command]) -> Error {
    const OUTAGES: [&str; 3] = [
        "ERR max daily request limit exceeded",
        "ERR max requests limit exceeded",
        "ERR max concurrent connections",
    ];
    const REJECTED_TOKENS: [&str; 3] = ["WRONGPASS", "NOAUTH", "Unauthorized"];

    if status == 401 || REJECTED_TOKENS.iter().any(|text| error.starts_with(text)) {
        return Error::unauthorized();
    }
    let text = redacted(error, commands);
    if status == 429 || status >= 500 || OUTAGES.iter().any(|outage| error.starts_with(outage)) {
        return Error::unavailable(status, text);
    }
    let (name, key) = match commands {
        [command] => (command.name(), command.arguments()),
        _ => ("a transaction", Vec::new()),
    };
    Error::refused(
        name,
        key.iter().map(|argument| loggable_prefix(argument)).find(|p| !p.is_empty()).unwrap_or(""),
        text,
    )
}

fn unreadable(status: u16, body: &[u8], commands: &[Command]) -> Error {
    if status == 401 || status == 403 {
        return Error::unauthorized();
    }
    let start = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let text = format!("unreadable body: {}", redacted(&start, commands));
    if status == 429 || status >= 500 {
        Error::unavailable(status, text)
    } else {
        Error::protocol(status, text)
    }
}

/// `text` up to the first argument of a command in it, on one line and at most 200 characters long.
fn redacted(text: &str, commands: &[Command]) -> String {
    /// Redis prints arguments behind these.
    const MARKERS: [&str; 4] = ["with args beginning with", "Key was:", "command was:", "Bearer "];
    /// Shorter arguments are left alone: they would be found inside ordinary words.
    const SHORTEST: usize = 4;

    let marked = MARKERS.iter().filter_map(|marker| Some(text.find(marker)? + marker.len()));
    let arguments: Vec<String> = commands.iter().flat_map(Command::arguments).collect();
    let shown = arguments.iter().filter(|argument| argument.len() >= SHORTEST).filter_map(|argument| {
        let start: String = argument.chars().take(64).collect();
        text.find(&start)
    });
    let cut = marked.chain(shown).min();
    let line: Vec<&str> = text[..cut.unwrap_or(text.len())].split_whitespace().collect();
    let mut line: String = line.join(" ").chars().take(200).collect();
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
    fn into_reply(self, status: u16, command: &Command) -> Result<Reply> {
        let commands = std::slice::from_ref(command);
        match (self.result, self.error) {
            (_, Some(error)) => Err(failure(status, &error, commands)),
            (Some(reply), None) if status < 400 => Ok(reply),
            (Some(_), None) => Err(Error::unavailable(status, "a result with a failure status")),
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

            fn visit_str<E>(self, text: &str) -> std::result::Result<Reply, E> {
                Ok(if text == "OK" { Reply::Ok } else { Reply::Text(decoded(text)) })
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

/// The text behind padded base64; `text` itself when it is none, for servers that do not know the header.
fn decoded(text: &str) -> String {
    match BASE64_STANDARD.decode(text) {
        Ok(bytes) => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
