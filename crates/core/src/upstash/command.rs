//! Commands, serialized as JSON.

use std::borrow::Cow;

use serde::Deserialize;

use crate::keys::{Expiry, Key, Ttl, loggable_prefix};

/// A Redis command with its arguments: `["SET","key","value"]`.
///
/// All arguments are strings. It is not documented how the service converts JSON numbers.
#[derive(Clone)]
pub struct Command {
    name: &'static str,
    json: Vec<u8>,
    /// The part of the key that messages may contain.
    prefix: &'static str,
    is_idempotent: bool,
}

impl Command {
    /// A command without arguments.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let mut command =
            Self { name, json: Vec::with_capacity(64), prefix: "", is_idempotent: is_read(name) };
        command.json.push(b'[');
        command.push(name);
        command
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Self {
        self.json.push(b',');
        self.push(argument);
        self
    }

    /// Adds an integer.
    #[must_use]
    pub fn number(self, number: impl Into<i128>) -> Self {
        self.arg(&number.into().to_string())
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, key: &Key) -> Self {
        self.prefix = loggable_prefix(key.as_str());
        self.arg(key.as_str())
    }

    /// Adds several keys.
    #[must_use]
    pub fn keys(self, keys: &[Key]) -> Self {
        keys.iter().fold(self, Self::key)
    }

    /// Adds the expiry of a `SET`.
    #[must_use]
    pub fn expiry(self, expiry: Expiry) -> Self {
        match expiry {
            Expiry::Never => self,
            Expiry::After(ttl) => self.ttl(ttl),
            Expiry::At(time) => self.arg("PXAT").number(time),
        }
    }

    /// Adds the time to live of a `SET`.
    #[must_use]
    pub fn ttl(self, ttl: Ttl) -> Self {
        match ttl.as_whole_seconds() {
            Some(seconds) => self.arg("EX").number(seconds),
            None => self.millis(ttl.as_millis()),
        }
    }

    /// Adds the time to live in milliseconds of a `SET`.
    #[must_use]
    pub fn millis(self, millis: u64) -> Self {
        self.arg("PX").number(millis)
    }

    /// Adds `NX`: a `SET` does nothing if the key exists, an `EXPIRE` if it has a TTL.
    #[must_use]
    pub fn if_absent(self) -> Self {
        self.arg("NX")
    }

    /// Marks the command as idempotent: sent again when its reply is lost, it changes nothing, whatever other clients have
    /// done in between.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { is_idempotent: true, ..self }
    }

    /// Whether the command can be sent again when its reply is lost: a read, or one marked by [`Command::idempotent`]. A
    /// write could undo what another client has written in between.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }

    /// The name of the command, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of bytes that [`Self::write_to`] writes.
    pub(super) fn len(&self) -> usize {
        self.json.len() + 1
    }

    /// The prefix of its key, for messages; empty for a key outside all namespaces.
    pub(super) fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Appends the command to `body`.
    pub(super) fn write_to(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.json);
        body.push(b']');
    }

    /// Calls `visit` with each argument. They are decoded only to keep them out of error texts.
    pub(super) fn for_each_argument(&self, visit: impl FnMut(&str)) {
        let mut json = Vec::with_capacity(self.json.len() + 1);
        self.write_to(&mut json);
        let words: Vec<Word<'_>> = serde_json::from_slice(&json).unwrap_or_default();
        words.iter().skip(1).map(|word| &*word.0).for_each(visit);
    }

    fn push(&mut self, text: &str) {
        #[expect(clippy::expect_used, reason = "a string is always JSON, and a Vec takes every byte")]
        serde_json::to_writer(&mut self.json, text).expect("writing to memory");
    }
}

/// Borrowed where the JSON has no escapes, because a value can be large.
#[derive(Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

/// PING is none: whoever sends it wants to know how one request ends.
fn is_read(name: &str) -> bool {
    matches!(name, "GET" | "MGET" | "EXISTS" | "PTTL" | "KEYS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_the_same_after_encoding_and_decoding() {
        let odd = "quote\" backslash\\ newline\n nul\0 del\u{7f} \u{2028} \u{1f600}";

        let command = Command::new("SET").arg(odd).arg("");

        let mut body = Vec::new();
        command.write_to(&mut body);
        let words: Vec<String> = serde_json::from_slice(&body).unwrap();
        assert_eq!(words, ["SET", odd, ""]);
        let mut arguments = Vec::new();
        command.for_each_argument(|argument| arguments.push(argument.to_owned()));
        assert_eq!(arguments, [odd, ""]);
    }

    #[test]
    fn only_reads_are_idempotent_unless_a_command_says_so() {
        for name in ["GET", "MGET", "EXISTS"] {
            assert!(Command::new(name).is_idempotent(), "{name}");
        }
        for name in ["PING", "SET", "DEL", "EXPIRE", "PEXPIRE", "INCRBY", "GETDEL", "EVALSHA", "EVAL"] {
            assert!(!Command::new(name).is_idempotent(), "{name}");
            assert!(Command::new(name).arg("k").idempotent().is_idempotent(), "{name}");
        }
    }

    #[test]
    fn numbers_and_expiries_are_sent_as_strings() {
        let mut body = Vec::new();

        Command::new("SET").expiry(Expiry::After(Ttl::from_whole_seconds(5))).write_to(&mut body);
        Command::new("SET").ttl(Ttl::from_millis("ttl", 2_500.0).unwrap()).write_to(&mut body);
        Command::new("SET").expiry(Expiry::At(1_700_000_000_000)).write_to(&mut body);
        Command::new("INCRBY").number(i64::MIN).expiry(Expiry::Never).write_to(&mut body);

        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"["SET","EX","5"]["SET","PX","2500"]["SET","PXAT","1700000000000"]["INCRBY","-9223372036854775808"]"#
        );
    }
}
