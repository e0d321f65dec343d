//! Reads the Redis commands of an HTTP request: the three JSON endpoints, the path style and subscriptions.
//!
//! Arguments are written directly into the buffer that redis-rs sends; only JSON strings with escapes are copied.
//! An invalid command keeps its place as an error, so that a pipeline can answer in order.

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

use crate::http_error::HttpError;
use crate::json_text;
use crate::query;

/// One command, or why it is invalid.
pub(crate) type ParsedCommand = Result<Cmd, HttpError>;

/// The commands of one request and how to execute them.
pub(crate) enum Commands {
    One(ParsedCommand),
    Pipeline(Vec<ParsedCommand>),
    Transaction(Vec<ParsedCommand>),
    /// SUBSCRIBE or PSUBSCRIBE in a path, to be answered with server-sent events.
    Subscription(ParsedCommand),
}

/// How strings are written in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Base64,
}

/// Reads the requested encoding; any value but `base64` is ignored.
pub(crate) fn encoding(request: &Parts) -> Encoding {
    match request.headers.get("upstash-encoding") {
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"base64") => Encoding::Base64,
        _ => Encoding::Plain,
    }
}

/// Reads the commands of a request. `limit` is the maximum size of one command.
pub(crate) fn read(request: &Parts, body: &Bytes, limit: usize) -> Result<Commands, HttpError> {
    let path = request.uri.path();
    // Responses to transactions are JSON in any requested format.
    if path != "/multi-exec" {
        require_json_format(request)?;
    }
    let has_body = matches!(request.method, Method::POST | Method::PUT);
    let body: &[u8] = if has_body { body } else { b"" };
    let batch = match path {
        "/pipeline" => Commands::Pipeline(commands(body, limit)?),
        "/multi-exec" => Commands::Transaction(commands(body, limit)?),
        "/" | "" if has_body => Commands::One(json(body, |text| CommandSeed { limit }.deserialize(text))?),
        // Only segments are names: official clients send an empty array as the body, and the query may have the token.
        _ if has_body && is_subscription(path) => {
            Commands::Subscription(path_command(path, b"", None, limit))
        }
        _ => Commands::One(path_command(path, body, request.uri.query(), limit)),
    };
    Ok(batch)
}

fn require_json_format(request: &Parts) -> Result<(), HttpError> {
    match request.headers.get("upstash-response-format") {
        Some(format) if !format.as_bytes().eq_ignore_ascii_case(b"json") => {
            Err(HttpError::bad_request("ERR unsupported Upstash-Response-Format, only json is"))
        }
        _ => Ok(()),
    }
}

fn commands(body: &[u8], limit: usize) -> Result<Vec<ParsedCommand>, HttpError> {
    let parsed = json(body, |text| CommandsSeed { limit }.deserialize(text))?;
    if parsed.is_empty() {
        return Err(HttpError::bad_request("ERR empty pipeline request"));
    }
    // A command over the size limit is the one error that fails the whole request.
    match parsed.iter().find_map(|command| command.as_ref().err().filter(|error| error.is_too_large())) {
        Some(error) => Err(error.clone()),
        None => Ok(parsed),
    }
}

fn is_subscription(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let name = path.split('/').next().unwrap_or_default();
    name.eq_ignore_ascii_case("subscribe") || name.eq_ignore_ascii_case("psubscribe")
}

fn path_command(path: &str, body: &[u8], query: Option<&str>, limit: usize) -> ParsedCommand {
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
) -> Result<T, HttpError> {
    if body.is_empty() {
        return Err(HttpError::bad_request("EOF"));
    }
    let text = String::from_utf8_lossy(body);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let value = read(&mut deserializer).map_err(|error| bad_json(&error))?;
    deserializer.end().map_err(|error| bad_json(&error))?;
    Ok(value)
}

fn bad_json(error: &serde_json::Error) -> HttpError {
    HttpError::bad_request(match error.classify() {
        Category::Data => "expected JSON array",
        Category::Eof => "unexpected EOF",
        Category::Io | Category::Syntax => "invalid JSON",
    })
}

/// Collects arguments up to the size limit; beyond it, only counts their size.
struct CommandBuilder {
    command: Cmd,
    size: usize,
    limit: usize,
    error: Option<HttpError>,
}

impl CommandBuilder {
    fn new(limit: usize) -> Self {
        Self { command: Cmd::with_capacity(4, 64), size: 0, limit, error: None }
    }

    fn push(&mut self, argument: &[u8]) {
        self.size += argument.len();
        if self.size <= self.limit && self.error.is_none() {
            self.command.arg(argument);
        }
    }

    fn push_json(&mut self, literal: &str) {
        match literal.as_bytes().first() {
            Some(b'"') => self.push(&json_text::decode(literal)),
            Some(b'n') => self.reject("ERR null args are not supported"),
            Some(b'{') => self.reject("ERR unsupported arg type: \"{\": json.Delim"),
            Some(b'[') => self.reject("ERR unsupported arg type: \"[\": json.Delim"),
            // Numbers keep their digits; true and false are sent as text.
            _ => self.push(literal.as_bytes()),
        }
    }

    fn reject(&mut self, text: &'static str) {
        self.error.get_or_insert_with(|| HttpError::bad_request(text));
    }

    fn finish(self) -> ParsedCommand {
        if self.size > self.limit {
            return Err(HttpError::too_large(self.limit, self.size));
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.command.args_iter().len() == 0 {
            return Err(HttpError::bad_request("ERR empty command"));
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
struct CommandsSeed {
    limit: usize,
}

impl<'de> DeserializeSeed<'de> for CommandSeed {
    type Value = ParsedCommand;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ParsedCommand, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for CommandSeed {
    type Value = ParsedCommand;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a command as an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut arguments: A) -> Result<ParsedCommand, A::Error> {
        let mut command = CommandBuilder::new(self.limit);
        while let Some(argument) = arguments.next_element::<&'de RawValue>()? {
            command.push_json(argument.get());
        }
        Ok(command.finish())
    }
}

impl<'de> DeserializeSeed<'de> for CommandsSeed {
    type Value = Vec<ParsedCommand>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<ParsedCommand>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for CommandsSeed {
    type Value = Vec<ParsedCommand>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of commands")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut commands: A) -> Result<Vec<ParsedCommand>, A::Error> {
        let mut parsed = Vec::new();
        while let Some(command) = commands.next_element_seed(CommandSeed { limit: self.limit })? {
            parsed.push(command);
        }
        Ok(parsed)
    }
}
