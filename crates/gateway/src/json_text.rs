//! Decodes a JSON string literal to the bytes of its text.
//!
//! JavaScript strings may contain a lone surrogate, written as an escape like `\ud83d`. It becomes U+FFFD, as in the
//! service, instead of failing the request.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error, Visitor};

/// Decodes a literal that a JSON parser has already accepted, quotes included. Without escapes nothing is copied.
pub(crate) fn decode(literal: &str) -> Cow<'_, [u8]> {
    let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner.as_bytes());
    }
    let mut deserializer = serde_json::Deserializer::from_str(literal);
    match deserializer.deserialize_bytes(Text) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(inner.as_bytes()),
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Vec<u8>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        let mut text = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.extend_from_slice(chunk.valid().as_bytes());
            // serde_json writes a lone surrogate as three bytes, of which only the first is 0xED: one U+FFFD for the three.
            if chunk.invalid().first() == Some(&0xED) {
                text.extend_from_slice("\u{FFFD}".as_bytes());
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn literals_decode_to_their_text() {
        let cases = [
            (r#""plain""#, "plain"),
            (r#""""#, ""),
            (r#""a\"b\\c\n""#, "a\"b\\c\n"),
            (r#""\u00e9\ud83d\ude00""#, "é😀"),
            (r#""half \ud83d pair""#, "half \u{FFFD} pair"),
        ];

        for (literal, text) in cases {
            assert_eq!(decode(literal).as_ref(), text.as_bytes(), "{literal}");
        }
    }
}
