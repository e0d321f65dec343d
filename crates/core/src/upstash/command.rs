//! Commands, serialized as JSON.

use crate::keys::{Expiry, Key};

/// A Redis command with its arguments: `["SET","key","value"]`.
///
/// All arguments are strings. It is not documented how the service converts JSON numbers.
#[derive(Clone)]
pub struct Command {
    name: &'static str,
    json: Vec<u8>,
    is_conditional: bool,
}

impl Command {
    /// A command without arguments.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let mut command = Self { name, json: Vec::with_capacity(64), is_conditional: false };
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
    pub fn key(self, key: &Key) -> Self {
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
            Expiry::After(ttl) => self.arg("EX").number(ttl.as_seconds()),
            Expiry::At(time) => self.arg("PXAT").number(time),
        }
    }

    /// Whether the command is idempotent and can be retried: a second execution leads to the same state and reply.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        match self.name {
            "GET" | "MGET" | "EXISTS" | "PING" | "PTTL" | "KEYS" | "EXPIRE" | "PEXPIREAT" | "DEL" => true,
            "SET" => !self.is_conditional,
            _ => false,
        }
    }

    /// Adds `NX`: a `SET` does nothing if the key exists.
    #[must_use]
    pub fn if_absent(self) -> Self {
        Self { is_conditional: true, ..self.arg("NX") }
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

    /// Appends the command to `body`.
    pub(super) fn write_to(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.json);
        body.push(b']');
    }

    /// The arguments. They are only decoded to remove them from error texts.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut json = Vec::with_capacity(self.json.len() + 1);
        self.write_to(&mut json);
        let mut words: Vec<String> = serde_json::from_slice(&json).unwrap_or_default();
        words.drain(..1.min(words.len()));
        words
    }

    fn push(&mut self, text: &str) {
        #[expect(clippy::expect_used, reason = "a string is always JSON, and a Vec takes every byte")]
        serde_json::to_writer(&mut self.json, text).expect("writing to memory");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Ttl;

    #[test]
    fn arguments_are_the_same_after_encoding_and_decoding() {
        let odd = "quote\" backslash\\ newline\n nul\0 del\u{7f} \u{2028} \u{1f600}";

        let command = Command::new("SET").arg(odd).arg("");

        let mut body = Vec::new();
        command.write_to(&mut body);
        let words: Vec<String> = serde_json::from_slice(&body).unwrap();
        assert_eq!(words, ["SET", odd, ""]);
        assert_eq!(command.arguments(), [odd, ""]);
    }

    #[test]
    fn reads_and_unconditional_writes_are_idempotent() {
        let set = || Command::new("SET").arg("k").arg("v");

        assert!(set().is_idempotent() && Command::new("GET").arg("k").is_idempotent());
        assert!(!set().if_absent().is_idempotent());
        for name in ["INCRBY", "GETDEL", "EVALSHA", "EVAL"] {
            assert!(!Command::new(name).is_idempotent(), "{name}");
        }
    }

    #[test]
    fn numbers_and_expiries_are_sent_as_strings() {
        let mut body = Vec::new();

        Command::new("SET").expiry(Expiry::After(Ttl::from_whole_seconds(5))).write_to(&mut body);
        Command::new("SET").expiry(Expiry::At(1_700_000_000_000)).write_to(&mut body);
        Command::new("INCRBY").number(i64::MIN).expiry(Expiry::Never).write_to(&mut body);

        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"["SET","EX","5"]["SET","PXAT","1700000000000"]["INCRBY","-9223372036854775808"]"#
        );
    }
}
