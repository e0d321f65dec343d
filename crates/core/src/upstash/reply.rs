//! Typed replies, decoded from the `result` of a response.
//!
//! Requests ask for base64. Without it, the service replaces invalid UTF-8, and it has sent emoji as escapes that are not
//! JSON. In base64 responses the string `OK` is a status and every other string is padded base64. The two cannot be
//! confused, because the length of padded base64 is a multiple of four.
//! <https://upstash.com/docs/redis/features/restapi#base64-encoded-responses>

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use crate::{Error, Result};

/// The reply of Redis to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The status `OK`.
    Ok,
    /// No value, or the condition of a write was not met.
    Nil,
    /// A number.
    Integer(i64),
    /// A string. Bytes that are not UTF-8 are replaced by U+FFFD.
    Text(String),
    /// Several replies.
    Array(Vec<Reply>),
}

impl Reply {
    /// Converts a string, or `Nil` to `None`.
    ///
    /// # Errors
    ///
    /// When the reply is of another type.
    pub fn into_text(self) -> Result<Option<String>> {
        match self {
            Self::Nil => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            // A stored "OK", if the service does not encode it.
            Self::Ok => Ok(Some("OK".to_owned())),
            other => Err(other.unexpected("a string or null")),
        }
    }

    /// Converts a number.
    ///
    /// # Errors
    ///
    /// When the reply is of another type.
    pub fn into_integer(self) -> Result<i64> {
        match self {
            Self::Integer(number) => Ok(number),
            // A server may send numbers that JavaScript would round as strings.
            Self::Text(text) => text.parse().map_err(|_| Self::Text(text).unexpected("a number")),
            other => Err(other.unexpected("a number")),
        }
    }

    /// Converts the reply to a conditional write: `OK` to `true`, `Nil` to `false`.
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

    /// Converts an array of `count` strings or `Nil`s.
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

    /// The error for a reply that does not fit the command.
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

/// Decodes padded base64. A server that ignores the encoding header sends plain text, which is an error: some values are
/// valid base64 by accident, so plain text cannot be detected reliably.
fn decoded(text: &str) -> std::result::Result<String, base64::DecodeError> {
    let bytes = BASE64_STANDARD.decode(text)?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_another_type_is_an_outage() {
        assert!(Reply::Integer(1).into_text().unwrap_err().is_outage());
        assert!(Reply::Text("x".into()).into_integer().unwrap_err().is_outage());
        assert!(Reply::Integer(1).into_done().unwrap_err().is_outage());
        assert!(Reply::Array(vec![Reply::Nil]).into_texts(2).unwrap_err().is_outage());
    }

    #[test]
    fn large_numbers_and_a_bare_ok_are_converted() {
        let number = Reply::Text("9007199254740993".into());

        assert_eq!(number.into_integer().unwrap(), 9_007_199_254_740_993);
        assert_eq!(Reply::Ok.into_text().unwrap().as_deref(), Some("OK"));
    }
}
