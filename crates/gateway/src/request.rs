//! From an HTTP request to Redis commands: the three JSON endpoints and the path style.
//!
//! Arguments go straight into the buffer that redis-rs will send; only JSON strings with escapes are decoded aside.
//! What is wrong with one command is kept in its place, so that a pipeline can answer it in its slot.

use std::borrow::Cow;
use std::fmt;

use hyper::Method;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use redis::Cmd;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::de::StrRead;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::json_text;
use crate::query;
use crate::refusal::Refusal;

/// One command, or why it cannot be one.
pub(crate) type Slot = Result<Cmd, Refusal>;

/// The commands of one request and how they belong together.
pub(crate) enum Batch {
    One(Slot),
    Pipeline(Vec<Slot>),
    Transaction(Vec<Slot>),
}

/// Whether the answer's strings are to be base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Base64,
}

/// Reads the encoding asked for; any value but `base64` is ignored, as emulators do.
pub(crate) fn encoding(request: &Parts) -> Encoding {
    match request.headers.get("upstash-encoding") {
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"base64") => Encoding::Base64,
        _ => Encoding::Plain,
    }
}

/// Reads the commands of a request. `limit` is the size one command may have.
pub(crate) fn read(request: &Parts, body: &Bytes, limit: usize) -> Result<Batch, Refusal> {
    let path = request.uri.path();
    // Transactions are answered in JSON whatever the format asked for.
    if path != "/multi-exec" {
        require_json_format(request)?;
    }
    let has_body = matches!(request.method, Method::POST | Method::PUT);
    let body: &[u8] = if has_body { body } else { b"" };
    let batch = match path {
        "/pipeline" => Batch::Pipeline(commands(body, limit)?),
        "/multi-exec" => Batch::Transaction(commands(body, limit)?),
        "/" | "" if has_body => Batch::One(json(body, |text| CommandSeed { limit }.deserialize(text))?),
        _ => Batch::One(path_command(path, body, request.uri.query(), limit)),
    };
    Ok(batch)
}

fn require_json_format(request: &Parts) -> Result<(), Refusal> {
    match request.headers.get("upstash-response-format") {
        Some(format) if !format.as_bytes().eq_ignore_ascii_case(b"json") => {
            Err(Refusal::bad_request("ERR unsupported Upstash-Response-Format, only json is"))
        }
        _ => Ok(()),
    }
}

fn commands(body: &[u8], limit: usize) -> Result<Vec<Slot>, Refusal> {
    let slots = json(body, |text| BatchSeed { limit }.deserialize(text))?;
    if slots.is_empty() {
        return Err(Refusal::bad_request("ERR empty pipeline request"));
    }
    // The limit is the one fault of a single command that the whole request is refused for.
    match slots.iter().find_map(|slot| slot.as_ref().err().filter(|refusal| refusal.is_too_large())) {
        Some(refusal) => Err(refusal.clone()),
        None => Ok(slots),
    }
}

fn path_command(path: &str, body: &[u8], query: Option<&str>, limit: usize) -> Slot {
    let mut command = CommandBuilder::new(limit);
    let path = path.strip_prefix('/').unwrap_or(path);
    if !path.is_empty() {
        for segment in path.split('/') {
            command.push(&Cow::from(percent_decode_str(segment)));
        }
    }
    if !body.is_empty() {
        command.push(body);
    }
    for argument in query.into_iter().flat_map(query::arguments) {
        command.push(&argument);
    }
    command.finish()
}

fn json<T>(
    body: &[u8],
    read: impl FnOnce(&mut serde_json::Deserializer<StrRead<'_>>) -> serde_json::Result<T>,
) -> Result<T, Refusal> {
    if body.is_empty() {
        return Err(Refusal::bad_request("EOF"));
    }
    let text = String::from_utf8_lossy(body);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let value = read(&mut deserializer).map_err(|error| bad_json(&error))?;
    deserializer.end().map_err(|error| bad_json(&error))?;
    Ok(value)
}

fn bad_json(error: &serde_json::Error) -> Refusal {
    Refusal::bad_request(match error.classify() {
        Category::Data => "expected JSON array",
        Category::Eof => "unexpected EOF",
        Category::Io | Category::Syntax => "invalid JSON",
    })
}

/// Collects arguments up to the limit; over it, only their size is counted.
struct CommandBuilder {
    command: Cmd,
    size: usize,
    limit: usize,
    refusal: Option<Refusal>,
}

impl CommandBuilder {
    fn new(limit: usize) -> Self {
        Self { command: Cmd::with_capacity(4, 64), size: 0, limit, refusal: None }
    }

    fn push(&mut self, argument: &[u8]) {
        self.size += argument.len();
        if self.size <= self.limit && self.refusal.is_none() {
            self.command.arg(argument);
        }
    }

    fn push_json(&mut self, literal: &str) {
        match literal.as_bytes().first() {
            Some(b'"') => self.push(&json_text::decode(literal)),
            Some(b'n') => self.refuse("ERR null args are not supported"),
            Some(b'{') => self.refuse("ERR unsupported arg type: \"{\": json.Delim"),
            Some(b'[') => self.refuse("ERR unsupported arg type: \"[\": json.Delim"),
            // A number keeps the digits it was written with; true and false are their own text.
            _ => self.push(literal.as_bytes()),
        }
    }

    fn refuse(&mut self, text: &'static str) {
        self.refusal.get_or_insert_with(|| Refusal::bad_request(text));
    }

    fn finish(self) -> Slot {
        if self.size > self.limit {
            return Err(Refusal::too_large(self.limit, self.size));
        }
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        if self.command.args_iter().len() == 0 {
            return Err(Refusal::bad_request("ERR empty command"));
        }
        Ok(self.command)
    }
}

/// `["SET","foo","bar"]`
#[derive(Clone, Copy)]
struct CommandSeed {
    limit: usize,
}

/// `[["SET","foo","bar"],["GET","foo"]]`
#[derive(Clone, Copy)]
struct BatchSeed {
    limit: usize,
}

impl<'de> DeserializeSeed<'de> for CommandSeed {
    type Value = Slot;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Slot, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for CommandSeed {
    type Value = Slot;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a command as an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut arguments: A) -> Result<Slot, A::Error> {
        let mut command = CommandBuilder::new(self.limit);
        while let Some(argument) = arguments.next_element::<&'de RawValue>()? {
            command.push_json(argument.get());
        }
        Ok(command.finish())
    }
}

impl<'de> DeserializeSeed<'de> for BatchSeed {
    type Value = Vec<Slot>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Slot>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for BatchSeed {
    type Value = Vec<Slot>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of commands")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut commands: A) -> Result<Vec<Slot>, A::Error> {
        let mut slots = Vec::new();
        while let Some(slot) = commands.next_element_seed(CommandSeed { limit: self.limit })? {
            slots.push(slot);
        }
        Ok(slots)
    }
}
