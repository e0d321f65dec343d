//! Writes replies of Redis as JSON.
//!
//! With base64 every string is encoded except a status `OK` that is the whole result. A nested status `OK` is encoded,
//! because the official JavaScript client would decode a plain one to garbage. Errors are never encoded.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redis::{ServerError, Value};

use crate::request::Encoding;

/// Writes one `{"result":..}` or `{"error":".."}`.
pub(crate) fn write(out: &mut Vec<u8>, value: &Value, encoding: Encoding) {
    match value {
        Value::ServerError(error) => write_error(out, &error_text(error)),
        Value::Okay => out.extend_from_slice(br#"{"result":"OK"}"#),
        value => {
            out.extend_from_slice(br#"{"result":"#);
            write_value(out, value, encoding);
            out.push(b'}');
        }
    }
}

/// Writes one `{"error":".."}`.
pub(crate) fn write_error(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(br#"{"error":"#);
    write_text(out, text);
    out.push(b'}');
}

/// The error as Redis wrote it; redis-rs splits it into two parts.
pub(crate) fn error_text(error: &ServerError) -> Cow<'_, str> {
    match error.details() {
        Some(details) => Cow::Owned(format!("{} {details}", error.code())),
        None => Cow::Borrowed(error.code()),
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value, encoding: Encoding) {
    match value {
        Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::BulkString(bytes) => write_string(out, bytes, encoding),
        Value::SimpleString(text) => write_string(out, text.as_bytes(), encoding),
        Value::Okay => write_string(out, b"OK", encoding),
        Value::Array(items) => write_array(out, items, encoding),
        Value::ServerError(error) => write_string(out, error_text(error).as_bytes(), encoding),
        // Nil. RESP3 types do not occur on a RESP2 connection.
        _ => out.extend_from_slice(b"null"),
    }
}

fn write_array(out: &mut Vec<u8>, items: &[Value], encoding: Encoding) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(out, item, encoding);
    }
    out.push(b']');
}

fn write_string(out: &mut Vec<u8>, bytes: &[u8], encoding: Encoding) {
    match encoding {
        Encoding::Plain => write_text(out, &String::from_utf8_lossy(bytes)),
        Encoding::Base64 => {
            out.push(b'"');
            let start = out.len();
            out.resize(start + bytes.len().div_ceil(3) * 4, 0);
            let written = STANDARD.encode_slice(bytes, &mut out[start..]);
            debug_assert_eq!(written.ok(), Some(out.len() - start), "padded base64 has exactly this length");
            out.push(b'"');
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail, and a string always has a JSON form.
    let written = serde_json::to_writer(out, text);
    debug_assert!(written.is_ok(), "a string could not be written as JSON");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value, encoding: Encoding) -> String {
        let mut out = Vec::new();
        write(&mut out, value, encoding);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_a_status_ok_that_is_the_whole_result_stays_bare_in_base64() {
        let nested =
            Value::Array(vec![Value::Okay, Value::BulkString(b"a".to_vec()), Value::Int(1), Value::Nil]);

        assert_eq!(written(&Value::Okay, Encoding::Base64), r#"{"result":"OK"}"#);
        assert_eq!(written(&Value::BulkString(b"OK".to_vec()), Encoding::Base64), r#"{"result":"T0s="}"#);
        assert_eq!(written(&nested, Encoding::Base64), r#"{"result":["T0s=","YQ==",1,null]}"#);
    }

    #[test]
    fn bytes_that_are_no_text_become_replacement_characters_unless_base64() {
        let bytes = Value::BulkString(vec![0xFF, 0xFE, 0x00, 0x01]);

        assert_eq!(written(&bytes, Encoding::Plain), "{\"result\":\"\u{FFFD}\u{FFFD}\\u0000\\u0001\"}");
        assert_eq!(written(&bytes, Encoding::Base64), r#"{"result":"//4AAQ=="}"#);
    }
}
